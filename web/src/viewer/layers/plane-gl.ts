/**
 * Draws planes with WebGL2. Samples live in integer textures, so window and level act on the real
 * 8- or 16-bit values in the shader and a drag uploads nothing.
 */
import { levelAt, levelCount, levelFor, tilesOf, type Pyramid, type Tile } from '../pyramid';
import type { Scene, Surface } from './surface';

const VERTEX = `#version 300 es
in vec2 corner;
uniform vec4 rect_px;
uniform vec4 place;
out vec2 at_px;
void main() {
  at_px = mix(rect_px.xy, rect_px.zw, corner);
  gl_Position = vec4(at_px * place.xy + place.zw, 0.0, 1.0);
}`;

// Integer textures cannot be filtered by the hardware, so the four neighbours are mixed here.
const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
uniform usampler2D samples;
uniform ivec2 origin_px;
uniform ivec2 last_px;
uniform vec2 window_low_scale;
uniform float inverted;
uniform bool grey;
in vec2 at_px;
out vec4 color;
vec3 at(ivec2 p) {
  return vec3(texelFetch(samples, clamp(p, ivec2(0), last_px) - origin_px, 0).rgb);
}
void main() {
  vec2 p = at_px - 0.5;
  ivec2 i = ivec2(floor(p));
  vec2 f = p - vec2(i);
  vec3 s = mix(mix(at(i), at(i + ivec2(1, 0)), f.x),
               mix(at(i + ivec2(0, 1)), at(i + ivec2(1, 1)), f.x), f.y);
  vec3 v = clamp((s - window_low_scale.x) * window_low_scale.y, 0.0, 1.0);
  v = mix(v, 1.0 - v, inverted);
  color = vec4(grey ? v.rrr : v, 1.0);
}`;

interface TileTexture {
  tile: Tile;
  texture: WebGLTexture;
}

/** Bytes of textures kept; the least recently drawn planes go first. */
const TEXTURE_BUDGET_BYTES = 384 * 1024 * 1024;
/** Tiles of this side keep single uploads short even where the device allows more. */
const LARGEST_TILE = 4096;

interface Resident {
  levels: Map<number, TileTexture[]>;
  bytes: number;
}

type Names = 'rect_px' | 'place' | 'origin_px' | 'last_px' | 'window_low_scale' | 'inverted' | 'grey';

interface Program {
  program: WebGLProgram;
  at: Record<Names, WebGLUniformLocation | null>;
}

/**
 * A surface on this canvas, or `null` where the browser has no WebGL2.
 *
 * @param onLost told `true` when the graphics device is lost, `false` when it is back
 */
export function createGlSurface(canvas: HTMLCanvasElement, onLost: (lost: boolean) => void): Surface | null {
  const context = canvas.getContext('webgl2', {
    alpha: false,
    antialias: false,
    depth: false,
    stencil: false,
    powerPreference: 'high-performance',
  });
  if (context === null) return null;
  const gl: WebGL2RenderingContext = context;
  let program = link(gl);
  if (program === null) return null;
  const residents = new Map<Pyramid, Resident>();
  const side = Math.min(LARGEST_TILE, gl.getParameter(gl.MAX_TEXTURE_SIZE) as number);

  const onContextLost = (event: Event): void => {
    // Without this the browser never gives the context back.
    event.preventDefault();
    residents.clear();
    program = null;
    onLost(true);
  };
  const onContextBack = (): void => {
    program = link(gl);
    onLost(false);
  };
  canvas.addEventListener('webglcontextlost', onContextLost);
  canvas.addEventListener('webglcontextrestored', onContextBack);

  const residentOf = (pyramid: Pyramid): Resident => {
    const known = residents.get(pyramid);
    // Deleting and setting again moves the plane to the young end of the map.
    residents.delete(pyramid);
    const resident = known ?? { levels: new Map<number, TileTexture[]>(), bytes: 0 };
    residents.set(pyramid, resident);
    return resident;
  };

  const tilesFor = (pyramid: Pyramid, index: number): TileTexture[] => {
    const resident = residentOf(pyramid);
    const known = resident.levels.get(index);
    if (known !== undefined) return known;
    const level = levelAt(pyramid, index);
    const tiles = tilesOf(level.width, level.height, side).map((tile) => ({
      tile,
      texture: upload(gl, tile, level.samples, level.width, pyramid.plane.channels),
    }));
    resident.levels.set(index, tiles);
    resident.bytes += level.samples.byteLength;
    evict(gl, residents, pyramid);
    return tiles;
  };

  return {
    kind: 'webgl2',
    prepare(pyramid, scale) {
      if (program === null || gl.isContextLost()) return;
      tilesFor(pyramid, levelFor(scale, levelCount(pyramid.plane.width, pyramid.plane.height)));
    },
    draw(scene, pixelRatio) {
      if (program === null || gl.isContextLost()) return false;
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 1);
      gl.clear(gl.COLOR_BUFFER_BIT);
      if (scene === null) return true;
      const { plane } = scene.pyramid;
      const index = levelFor(scene.viewport.scale * pixelRatio, levelCount(plane.width, plane.height));
      drawTiles(gl, program, scene, index, tilesFor(scene.pyramid, index), pixelRatio);
      return true;
    },
    forget(pyramid) {
      const resident = residents.get(pyramid);
      if (resident === undefined) return;
      residents.delete(pyramid);
      release(gl, resident);
    },
    dispose() {
      canvas.removeEventListener('webglcontextlost', onContextLost);
      canvas.removeEventListener('webglcontextrestored', onContextBack);
      for (const resident of residents.values()) release(gl, resident);
      residents.clear();
      // Browsers allow about sixteen live contexts a page; give this one back at once.
      gl.getExtension('WEBGL_lose_context')?.loseContext();
    },
  };
}

function drawTiles(
  gl: WebGL2RenderingContext,
  { program, at }: Program,
  scene: Scene,
  index: number,
  tiles: TileTexture[],
  pixelRatio: number,
): void {
  const { viewport, window, pyramid } = scene;
  const level = levelAt(pyramid, index);
  // Level pixels are 2^index image pixels wide. Clip coordinates: clip = px * a + b, y turned round.
  const shrink = 2 ** index;
  const scale = viewport.scale * pixelRatio * shrink;
  const a = { x: (2 * scale) / gl.canvas.width, y: (-2 * scale) / gl.canvas.height };
  const center = { x: viewport.centerX_px / shrink, y: viewport.centerY_px / shrink };
  // The last pixel of a level may cover half an image pixel less than the others.
  const edge = { x: pyramid.plane.width / shrink, y: pyramid.plane.height / shrink };
  gl.useProgram(program);
  gl.uniform4f(at.place, a.x, a.y, -center.x * a.x, -center.y * a.y);
  gl.uniform2i(at.last_px, level.width - 1, level.height - 1);
  gl.uniform2f(at.window_low_scale, window.low, 1 / (window.high - window.low));
  gl.uniform1f(at.inverted, scene.inverted ? 1 : 0);
  gl.uniform1i(at.grey, pyramid.plane.channels === 1 ? 1 : 0);
  for (const { tile, texture } of tiles) {
    const right_px = Math.min(tile.right, edge.x);
    const bottom_px = Math.min(tile.bottom, edge.y);
    const left = (tile.left - center.x) * a.x;
    const right = (right_px - center.x) * a.x;
    const top = (tile.top - center.y) * a.y;
    const bottom = (bottom_px - center.y) * a.y;
    if (right < -1 || left > 1 || top < -1 || bottom > 1) continue;
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.uniform2i(at.origin_px, tile.uploadLeft, tile.uploadTop);
    gl.uniform4f(at.rect_px, tile.left, tile.top, right_px, bottom_px);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }
}

function upload(
  gl: WebGL2RenderingContext,
  tile: Tile,
  samples: Uint8Array | Uint16Array,
  rowLength: number,
  channels: 1 | 3,
): WebGLTexture {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  // Integer textures are complete only with nearest filtering.
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  gl.pixelStorei(gl.UNPACK_ROW_LENGTH, rowLength);
  gl.pixelStorei(gl.UNPACK_SKIP_PIXELS, tile.uploadLeft);
  gl.pixelStorei(gl.UNPACK_SKIP_ROWS, tile.uploadTop);
  const wide = samples instanceof Uint16Array;
  const internal = channels === 1 ? (wide ? gl.R16UI : gl.R8UI) : wide ? gl.RGB16UI : gl.RGB8UI;
  gl.texImage2D(
    gl.TEXTURE_2D,
    0,
    internal,
    tile.uploadWidth,
    tile.uploadHeight,
    0,
    channels === 1 ? gl.RED_INTEGER : gl.RGB_INTEGER,
    wide ? gl.UNSIGNED_SHORT : gl.UNSIGNED_BYTE,
    samples,
  );
  return texture;
}

/** Frees the oldest planes until the rest fits; never the one in use. */
function evict(gl: WebGL2RenderingContext, residents: Map<Pyramid, Resident>, inUse: Pyramid): void {
  let total = 0;
  for (const resident of residents.values()) total += resident.bytes;
  for (const [pyramid, resident] of residents) {
    if (total <= TEXTURE_BUDGET_BYTES) return;
    if (pyramid === inUse) continue;
    residents.delete(pyramid);
    release(gl, resident);
    total -= resident.bytes;
  }
}

function release(gl: WebGL2RenderingContext, resident: Resident): void {
  for (const tiles of resident.levels.values()) {
    for (const { texture } of tiles) gl.deleteTexture(texture);
  }
}

/** Compiles the program and leaves its one vertex buffer bound; `null` when the driver refuses. */
function link(gl: WebGL2RenderingContext): Program | null {
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(type);
    if (shader === null) return null;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.bindAttribLocation(program, 0, 'corner');
  gl.linkProgram(program);
  if (gl.getProgramParameter(program, gl.LINK_STATUS) !== true) return null;
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), gl.STATIC_DRAW);
  gl.enableVertexAttribArray(0);
  gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
  const locate = (name: Names): WebGLUniformLocation | null => gl.getUniformLocation(program, name);
  return {
    program,
    at: {
      rect_px: locate('rect_px'),
      place: locate('place'),
      origin_px: locate('origin_px'),
      last_px: locate('last_px'),
      window_low_scale: locate('window_low_scale'),
      inverted: locate('inverted'),
      grey: locate('grey'),
    },
  };
}
