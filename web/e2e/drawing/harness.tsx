/**
 * A page that is only the drawing engine on a made-up picture, for tests in the browser. Not part of the app.
 * Address: `?task=instances&size=1024&shapes=0&proposals=0`.
 */
import { render } from 'preact';
import { useState } from 'preact/hooks';
import { createIndexedDbStore } from '../../src/drawing/session/log-store';
import type { DrawingTask } from '../../src/drawing/session/marks';
import { createDrawingSession, type DrawingSession } from '../../src/drawing/session/session';
import type { Controller } from '../../src/drawing/ui/controller';
import { DrawingPane } from '../../src/drawing/ui/drawing-pane';
import { useKeys } from '../../src/parts/keys';
import { useLooking } from '../../src/parts/viewer-keys';
import { planeUrl } from '../../src/api/client';
import { manyShapes, planeBytes, proposalsOf } from './scene';
import '../../src/styles/tokens.css';
import '../../src/styles/base.css';
import '../../src/styles/room.css';
import '../../src/styles/heat.css';
import '../../src/styles/drawing.css';
import './harness.css';

declare global {
  interface Window {
    __drawing?: { session: DrawingSession; controller?: Controller; done: number };
  }
}

const asked = new URLSearchParams(location.search);
const size = Number(asked.get('size') ?? 1024);
const task = (asked.get('task') ?? 'instances') as DrawingTask;
const IMAGE = 1;
const CLASSES = [
  { name: 'Nucleus', color: '#6fb3d2' },
  { name: 'Mitosis', color: '#e0a458' },
  { name: 'Artefact', color: '#c98bd8' },
];
const CALIBRATION = { slope: 1, intercept: -1024, unit: 'HU' };

const fetchElsewhere = window.fetch.bind(window);
window.fetch = (input, init) =>
  String(input) === planeUrl(IMAGE)
    ? Promise.resolve(new Response(planeBytes(size)))
    : fetchElsewhere(input, init);

function Harness({ session }: { session: DrawingSession }) {
  const looking = useLooking();
  const [done, setDone] = useState(0);
  useKeys((event) => {
    looking.onKeyDown(event);
  });
  useKeys(
    (event) => {
      looking.onKeyUp(event);
    },
    undefined,
    'keyup',
  );
  if (window.__drawing !== undefined) window.__drawing.done = done;
  return (
    <main class="harness">
      <h1 class="visually-hidden">Drawing</h1>
      <DrawingPane
        image={IMAGE}
        ahead={[]}
        label="A made-up picture"
        file="made-up.png"
        session={session}
        classes={CLASSES}
        calibration={CALIBRATION}
        looking={looking}
        onDone={() => {
          setDone(done + 1);
        }}
        onController={(controller) => {
          window.__drawing = { session, controller, done };
        }}
      />
    </main>
  );
}

async function start(): Promise<void> {
  const base = location.search;
  const session = createDrawingSession({
    task,
    width: size,
    height: size,
    store: createIndexedDbStore(indexedDB),
    key: `harness/${base}`,
  });
  if (!(await session.restore(base))) {
    await session.fromDrawing(
      manyShapes(Number(asked.get('shapes') ?? 0), size, task),
      proposalsOf(Number(asked.get('proposals') ?? 0), size, task),
      base,
    );
  }
  window.__drawing = { session, done: 0 };
  const root = document.getElementById('app');
  if (root !== null) render(<Harness session={session} />, root);
}

void start();
