// Serves web/dist with a made-up project behind the same interface and the same content policy as
// the real server, for work on the screens without the program:
//
//   node dev/fake-server.mjs [--port 5180] [--stage labeling] [--images 9000] [--classes 3] [--task findings]
//
// Stages: importing, empty (no classes), fresh, labeling, stop_advised, auditing, certified, refuted.
// POST /fake {"down":true} makes every answer fail until {"down":false}; {"refuse":true} refuses the
// next answer; {"delay":300} delays every reply by so many milliseconds.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProject } from './fake-project.mjs';
import { drawChest } from './phantom.mjs';
import { greyPng } from './png.mjs';

const DIST = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../dist');
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
  "font-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};
const SIDE = 768;
const TASK_FIXED = 'There are labels already; the task stays as it is.';

export function startFakeServer({
  port = 0,
  stage = 'labeling',
  images = 9000,
  classes = 3,
  folder = 'scans',
  task = 'classification',
} = {}) {
  const fake = createProject({ images, stage, classes, folder, task });
  const control = { down: false, refuse: false, delay: 0 };
  const streams = new Set();
  const pictures = new Map();
  const previews = new Map();
  const requests = [];
  const importJob = {
    id: 1,
    kind: 'import',
    state: 'running',
    message: 'Importing and embedding images',
    done: Math.round(images * 0.415),
    total: images,
    rate: 176,
    seconds_left: (images * 0.585) / 176,
  };

  const picture = (id) => {
    const known = pictures.get(id) ?? drawChest(id, SIDE);
    pictures.set(id, known);
    if (pictures.size > 80) pictures.delete(pictures.keys().next().value);
    return known;
  };

  const plane = (id) => {
    const { width, height, samples, low, high } = picture(id);
    const head = Buffer.alloc(24);
    head.write('ALP1', 0, 'latin1');
    head.writeUInt32LE(width, 4);
    head.writeUInt32LE(height, 8);
    head[12] = 1;
    head[13] = 2;
    head.writeFloatLE(low, 16);
    head.writeFloatLE(high, 20);
    return Buffer.concat([head, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)]);
  };

  const preview = (id) => {
    const known = previews.get(id);
    if (known !== undefined) return known;
    const { width, height, samples, low, high } = drawChest(id, 192);
    const grey = Uint8Array.from(samples, (s) =>
      Math.max(0, Math.min(255, ((s - low) / (high - low)) * 255)),
    );
    const made = greyPng(width, height, grey);
    previews.set(id, made);
    return made;
  };

  const tell = (...kinds) => {
    for (const kind of kinds) {
      const data = JSON.stringify({ kind, ...(kind === 'project' ? { project: fake.view() } : {}) });
      for (const stream of streams) stream.write(`event: ${kind}\ndata: ${data}\n\n`);
    }
  };

  const problem = (response, status, detail, code = 'fake') => {
    response.writeHead(status, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify({ type: 'about:blank', title: 'Problem', status, detail, code }));
  };
  const json = (response, body) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };

  const routes = [
    ['GET', /^\/project$/, () => fake.view()],
    [
      'PATCH',
      /^\/project$/,
      (_, body) => {
        const view = fake.change(body);
        if (view === null) return TASK_FIXED;
        tell('project');
        return view;
      },
    ],
    ['GET', /^\/curve$/, () => fake.curve()],
    ['GET', /^\/queue$/, (url) => fake.queue(Number(url.searchParams.get('count') ?? 4))],
    [
      'POST',
      /^\/annotations$/,
      (_, body) => {
        const receipt = fake.answer(body);
        tell('project', 'queue', ...(fake.answered() % 50 === 0 ? ['curve'] : []));
        return receipt;
      },
    ],
    ['POST', /^\/annotations\/undo$/, () => fake.undo()],
    ['PUT', /^\/images\/(\d+)\/flag$/, (_, body, id) => fake.flag(id, body.on)],
    [
      'GET',
      /^\/images$/,
      (url) => {
        const q = Object.fromEntries(url.searchParams);
        return fake.list({
          state: q.state,
          class: q.class === undefined ? undefined : Number(q.class),
          flagged: q.flagged === 'true',
          duplicates: q.duplicates === 'true',
          disagreement: q.disagreement === 'true',
          text: q.text,
          order: q.order,
          offset: Number(q.offset ?? 0),
          limit: Number(q.limit ?? 100),
        });
      },
    ],
    [
      'GET',
      /^\/images\/(\d+)\/localization$/,
      (url, _, id) => {
        const index = url.searchParams.get('class');
        return fake.localize(id, index === null ? undefined : Number(index));
      },
    ],
    ['GET', /^\/images\/(\d+)$/, (_, __, id) => fake.imageView(id)],
    ['GET', /^\/refused$/, () => fake.project.refused],
    ['GET', /^\/jobs$/, () => (stage === 'importing' ? [importJob] : [])],
    ['DELETE', /^\/jobs\/(\d+)$/, () => ({ ...importJob, state: 'cancelled' })],
    ['GET', /^\/models$/, () => fake.models()],
    ['GET', /^\/auto-label$/, () => fake.plan()],
    ['POST', /^\/auto-label$/, () => (fake.applyAuto(), tell('project', 'audit'), fake.plan())],
    ['GET', /^\/audit$/, () => (fake.audited() ? fake.auditView() : null)],
    [
      'POST',
      /^\/audit\/answers$/,
      (_, body) => {
        const view = fake.check(body);
        tell('project');
        return view;
      },
    ],
    ['GET', /^\/certificate$/, () => ({ fake: true })],
  ];

  const readBody = async (request) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const text = Buffer.concat(parts).toString();
    return text === '' ? {} : JSON.parse(text);
  };

  const api = async (request, response, url) => {
    const route = url.pathname.slice('/api/v1'.length);
    if (route === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write('event: sync\ndata: {}\n\n');
      streams.add(response);
      request.on('close', () => streams.delete(response));
      return;
    }
    const image = /^\/images\/(\d+)\/(plane|preview)$/.exec(route);
    if (image !== null) {
      requests.push(route);
      const made = image[2] === 'plane' ? plane(Number(image[1])) : preview(Number(image[1]));
      response.writeHead(200, {
        'content-type': image[2] === 'plane' ? 'application/octet-stream' : 'image/png',
        'cache-control': 'private, max-age=3600',
      });
      response.end(made);
      return;
    }
    for (const [method, pattern, handle] of routes) {
      const match = pattern.exec(route);
      if (method !== request.method || match === null) continue;
      const body = method === 'GET' ? {} : await readBody(request);
      if (control.refuse && method === 'POST') {
        control.refuse = false;
        problem(response, 422, 'This image was removed from the project.');
        return;
      }
      const result = handle(url, body, match[1] === undefined ? undefined : Number(match[1]));
      if (result === TASK_FIXED) problem(response, 409, TASK_FIXED);
      else if (result === null) problem(response, 404, 'There is nothing here yet.');
      else json(response, result);
      return;
    }
    problem(response, 404, `There is nothing at ${route}.`);
  };

  const serveFile = (response, pathname) => {
    const wanted = path.join(DIST, pathname);
    const found = wanted.startsWith(DIST) && existsSync(wanted) && statSync(wanted).isFile();
    const name = found ? wanted : path.join(DIST, 'index.html');
    response.writeHead(200, {
      'content-type': TYPES[path.extname(name)] ?? 'application/octet-stream',
      'content-security-policy': POLICY,
      'cache-control': 'no-cache',
    });
    createReadStream(name).pipe(response);
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const answer = async () => {
      if (url.pathname === '/fake') {
        Object.assign(control, await readBody(request));
        if (control.down) for (const stream of streams) stream.destroy();
        json(response, control);
      } else if (url.pathname.startsWith('/api/v1/')) {
        if (control.down) request.socket.destroy();
        else await api(request, response, url);
      } else serveFile(response, url.pathname);
    };
    setTimeout(() => {
      answer().catch((cause) => {
        console.error(cause);
        response.destroy();
      });
    }, control.delay);
  });
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      const { port: chosen } = server.address();
      resolve({
        url: `http://127.0.0.1:${chosen}`,
        requests,
        fake,
        control,
        tell,
        close: () => {
          for (const stream of streams) stream.destroy();
          server.closeAllConnections();
          server.close();
        },
      });
    });
  });
}

function option(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await startFakeServer({
    port: Number(option('port', '5180')),
    stage: option('stage', 'labeling'),
    images: Number(option('images', '9000')),
    classes: Number(option('classes', '3')),
    task: option('task', 'classification'),
  });
  console.log(`A made-up project is open at ${url}`);
}
