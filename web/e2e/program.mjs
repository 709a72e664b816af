/** Starts the real program in a scratch folder, says where it listens, and ends it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BINARY = process.env.AUTOLABEL_BINARY;
const START_LIMIT_MS = 60_000;

/** A folder that is removed when the test ends. */
export async function scratchFolder(test) {
  const folder = await mkdtemp(join(tmpdir(), 'autolabel-e2e-'));
  test.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** A port that nobody listens on at this moment. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Runs `autolabel` with these arguments until it answers on `port`.
 * Returns `{ origin, startedAt, kill, stop, output }`.
 */
export async function startProgram(test, args, port) {
  if (BINARY === undefined) throw new Error('AUTOLABEL_BINARY is not set; run `cargo xtask e2e`');
  const startedAt = performance.now();
  const child = spawn(BINARY, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  child.stdout.on('data', (data) => output.push(data));
  child.stderr.on('data', (data) => output.push(data));
  const ended = once(child, 'exit');
  const end = async (signal) => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await ended;
    }
  };
  test.after(() => end('SIGKILL'));
  const origin = `http://127.0.0.1:${port}`;
  const said = () => Buffer.concat(output).toString();
  while (!(await answers(origin))) {
    if (child.exitCode !== null) throw new Error(`autolabel ${args.join(' ')} ended:\n${said()}`);
    if (performance.now() - startedAt > START_LIMIT_MS) throw new Error(`no answer on ${origin}:\n${said()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { origin, startedAt, output: said, kill: () => end('SIGKILL'), stop: () => end('SIGINT') };
}

async function answers(origin) {
  try {
    return (await fetch(`${origin}/healthz`)).ok;
  } catch {
    return false;
  }
}

/** JSON of an address of the program; fails on any status but 200. */
export async function getJson(origin, path) {
  const response = await fetch(`${origin}/api/v1${path}`);
  if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Sends JSON to an address of the program; the caller looks at the answer. */
export function sendJson(origin, path, method, body) {
  return fetch(`${origin}/api/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** Asks again until `wanted` holds for the answer; says what it was when it never does. */
export async function waitForJson(origin, path, wanted, limitMs = 60_000) {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await getJson(origin, path);
    if (wanted(value)) return value;
    if (performance.now() > end) throw new Error(`GET ${path} stays ${JSON.stringify(value).slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Returns when the import is over and all images are in. */
export function imported(origin, images) {
  const isOver = (view) => view.stage !== 'importing' && view.counts.images === images;
  return waitForJson(origin, '/project', isOver, 240_000);
}

/** The known class of each file, from the CSV beside the drawn images. */
export async function readTruth(csv) {
  const [head, ...lines] = (await readFile(csv, 'utf8')).trim().split(/\r?\n/);
  const columns = head.split(',');
  const [file, label] = [columns.indexOf('file'), columns.indexOf('label')];
  return new Map(lines.map((line) => line.split(',')).map((cells) => [cells[file], cells[label]]));
}
