/** Builds the harness of the drawing engine into a scratch folder and serves it under the app's content policy. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { scratchFolder } from './program.mjs';

const WEB = join(dirname(fileURLToPath(import.meta.url)), '..');
/** As `crates/server/src/guard.rs` has it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** Returns the address of the page: `open({ task, size, shapes, proposals })`. */
export async function serveDrawing(test) {
  const outDir = await scratchFolder(test);
  await build({
    root: WEB,
    logLevel: 'warn',
    build: { outDir, emptyOutDir: true, rollupOptions: { input: join(WEB, 'e2e/drawing/index.html') } },
  });
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://here').pathname);
    try {
      const bytes = await readFile(join(outDir, path));
      response.writeHead(200, {
        'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
        'content-security-policy': POLICY,
      });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => server.close());
  const origin = `http://127.0.0.1:${server.address().port}`;
  const address = (options) => `${origin}/e2e/drawing/index.html?${new URLSearchParams(options)}`;
  return { origin, address };
}
