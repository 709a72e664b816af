/** The reading room where answers are shapes: draw, Enter, next image. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { getDrawing, getImage } from '../../api/client';
import type { Answer, Drawing, QueueItem } from '../../api/types';
import { openProposals } from '../../drawing/session/proposals';
import type { Controller, Timings } from '../../drawing/ui/controller';
import { chooseClass } from '../../drawing/ui/drawing-keys';
import { DrawingPane } from '../../drawing/ui/drawing-pane';
import { ClassPalette } from '../../parts/class-palette';
import { Banners } from '../../parts/banners';
import { DRAWN_LABEL_KEYS } from '../../parts/drawn-keys';
import { DrawingNotes } from '../../parts/drawing-notes';
import { classOfDigit, hasTenthDigit, isPressing, useKeys } from '../../parts/keys';
import { AwayBanner, SavedSign, TouchTools } from '../../parts/reading-room';
import { isUntouched, stateOf } from '../../parts/drawing-state';
import { useDrawing, type Request } from '../../parts/use-drawing';
import { useDoubt } from '../../parts/use-doubt';
import { useNeighbours } from '../../parts/use-neighbours';
import { usePace } from '../../parts/use-pace';
import { useLooking } from '../../parts/viewer-keys';
import { ViewerPane } from '../../parts/viewer-pane';
import { outbox } from '../../state/answers';
import { giveAnswer, goBack, loadingQueue, session, toggleFlag } from '../../state/labeling';
import { classes, words } from '../../state/project';
import { proposalFor } from '../../state/proposals';
import { sameAnswer, shapesInWords, UNNUMBERED } from '../../words/labels';
import { BatchProgress } from './batch-progress';
import { DrawnRail } from './drawn-rail';
import { EmptyQueue } from './empty-queue';
import { PREFETCHED } from './label-page';
import { LookingBack } from './looking-back';
import { ReasonPanel } from './reason-panel';

declare global {
  interface Window {
    /** Read by the browser tests: how long strokes take, of the image on the screen. */
    __autolabelStrokes?: Timings;
  }
}

export function DrawnLabelRoom() {
  const item = session.current.value;
  const earlier = session.earlier.value;
  const looking = useLooking();
  const [palette, setPalette] = useState(false);
  const [why, setWhy] = useState(false);
  const controller = useRef<Controller | null>(null);
  const { onPainted, step, isShown, seconds } = usePace(item?.image.id ?? null);
  const drawing = useDrawing(item === null ? null : requestOf(item, earlier, session.earlierKey.value));
  const { session: drawn, open } = drawing;
  const nextDoubt = useDoubt(item?.image.id ?? null, looking.controls);
  const fromNeighbours = useNeighbours(item?.image ?? null, drawn);
  const state = stateOf(drawn);

  const ahead = session.ahead.value.slice(0, PREFETCHED).map((next) => next.image.id);
  const aheadKey = ahead.join(' ');
  useEffect(() => {
    for (const id of aheadKey === '' ? [] : aheadKey.split(' ').map(Number)) void proposalFor(id);
  }, [aheadKey]);

  const answer = (value: Answer, event: Event): void => {
    if (!isShown()) return;
    step(event, () => {
      giveAnswer(value, seconds());
    });
  };
  const save = (event: Event): void => {
    if (!isShown() || open === null) return;
    step(event, () => {
      // What was passed over is rejected: Enter must not accept it when the image is looked at again.
      drawn.remove(openProposals(drawn).map(({ id }) => id));
      const key = giveAnswer(UNNUMBERED, seconds(), drawn.toDrawing());
      drawn.markSaved(baseOf(key));
    });
  };
  const say = (text: string): void => {
    controller.current?.say(text);
  };
  const leave = (event: Event): void => {
    step(event, session.forward);
  };
  /** Enter, where the engine has nothing to end or to accept. */
  const finish = (event: Event): void => {
    if (open === null) return;
    if (earlier?.kind === 'drawn' && isUntouched(drawn)) leave(event);
    else if (state.shapes > 0) save(event);
    else say(NOTHING_YET);
  };
  const nothingHere = (event: Event): void => {
    if (state.shapes === 0) save(event);
    else say(`${shapesInWords(state.shapes)} drawn. Press Enter to save, or delete what is not there first.`);
  };
  const hide = (hidden: boolean): void => {
    drawing.habits.visible.value = !hidden;
  };

  const commands: Record<string, (event: Event) => void> = {
    u: (event) => {
      answer({ kind: 'unreadable' }, event);
    },
    f: () => {
      if (item !== null) void toggleFlag(item);
    },
    w: () => {
      setWhy(!why);
    },
    d: () => {
      nextDoubt(say);
    },
    // Plain N begins a new shape, so that this is Shift + N.
    n: () => {
      if (open !== null) fromNeighbours(say);
    },
    g: () => {
      hide(true);
    },
    backspace: (event) => {
      step(event, () => void goBack());
    },
    '0': nothingHere,
    '/': () => {
      setPalette(true);
    },
  };

  useKeys((event) => {
    const key = event.key.toLowerCase();
    if ((key === 'enter' || key === ' ') && isPressing(event)) {
      if (event.repeat) event.preventDefault();
      return;
    }
    // By place, as everywhere: French keyboards give digits only with Shift.
    const isZero = classOfDigit(event) === 9 && !hasTenthDigit(classes.value.length);
    const run = commands[isZero ? '0' : key];
    if (run === undefined) looking.onKeyDown(event);
    else {
      // A held key must not answer a row of images.
      if (!event.repeat) run(event);
      event.preventDefault();
    }
  });
  useKeys(
    (event) => {
      if (event.key.toLowerCase() === 'g') hide(false);
      looking.onKeyUp(event);
    },
    undefined,
    'keyup',
  );

  const notes = (
    <>
      {item !== null && session.stepsBack.value > 0 && (
        <LookingBack
          steps={session.stepsBack.value}
          answer={earlier}
          inWords={earlier?.kind === 'drawn' && open !== null ? shapesInWords(state.shapes) : null}
          isChanged={!isUntouched(drawn) || earlier?.kind !== 'drawn'}
          onLeave={leave}
        />
      )}
      {item !== null && why && (
        <ReasonPanel
          reason={item.reason}
          onClose={() => {
            setWhy(false);
          }}
        />
      )}
      <DrawingNotes drawing={drawing} />
    </>
  );
  const position = item === null ? '' : `Image ${String(item.position)} of ${String(item.batch_size)}`;
  return (
    <main class={looking.bare ? 'room room-drawn room-bare' : 'room room-drawn'} data-testid="label-page">
      <h1 class="visually-hidden">Label</h1>
      <section class="room-view" aria-label="Image">
        {item === null ? (
          <ViewerPane
            image={null}
            ahead={ahead}
            file=""
            label="No image"
            controls={looking.controls}
            tool="pan"
            bare={looking.bare}
          />
        ) : (
          <DrawingPane
            image={item.image.id}
            ahead={ahead}
            file={item.image.file}
            label={`${position}: ${item.image.file}`}
            session={drawn}
            classes={classes.value}
            looking={looking}
            habits={drawing.habits}
            isLocked={open === null}
            pageKeys={DRAWN_LABEL_KEYS}
            onPainted={onPainted}
            onDone={finish}
            onController={(made) => {
              controller.current = made;
              window.__autolabelStrokes = made.timings;
            }}
            answer={
              <DrawnRail
                item={item}
                earlier={earlier}
                drawing={drawing}
                controller={controller}
                onFinish={finish}
                commands={commands}
                why={why}
                canGoBack={
                  session.history.value.length > session.stepsBack.value || session.stepsBack.value === 0
                }
                onHide={hide}
              />
            }
          >
            {notes}
            <TouchTools looking={looking} rest="draw" />
          </DrawingPane>
        )}
        {item === null && !loadingQueue.value && <EmptyQueue because={session.emptyBecause.value} />}
        <div class="room-banners">
          <AwayBanner />
          <Banners />
        </div>
      </section>
      <footer class="strip">
        <a href="/" class="strip-home" data-testid="leave">
          Home
        </a>
        <BatchProgress item={item} />
        <SavedSign />
      </footer>
      {palette && (
        <ClassPalette
          classes={classes.value}
          words={words.value}
          onChoose={(index) => {
            if (controller.current !== null) chooseClass(controller.current, index);
            setPalette(false);
          }}
          onClose={() => {
            setPalette(false);
          }}
        />
      )}
    </main>
  );
}

const NOTHING_YET =
  'Nothing is drawn yet. If there is nothing to draw on this image, say so with 0 or “Nothing here”.';

/** What an answer is named by, for the log that led to it. */
function baseOf(answerKey: string): string {
  return `answer ${answerKey}`;
}

/** What to open: what the answer holds, or a new drawing with what the network proposes. */
function requestOf(item: QueueItem, earlier: Answer | null, key: string | null): Request {
  const { image } = item;
  if (earlier?.kind !== 'drawn' || key === null) return { screen: 'label', image, base: null, begin: null };
  const unsent = outbox.waitingAnswers().find((message) => message.key === key)?.drawing;
  const begin = (): Promise<Drawing> =>
    unsent === undefined ? drawingOf(image.id, earlier) : Promise.resolve(unsent);
  return { screen: 'label', image, base: baseOf(key), begin };
}

/** What an answer has drawn; the server knows its number where a reload came before the receipt. */
async function drawingOf(image: number, given: Answer): Promise<Drawing> {
  const answer = sameAnswer(given, UNNUMBERED) ? (await getImage(image)).answer : given;
  return answer?.kind === 'drawn' ? getDrawing(answer.drawing) : { shapes: [] };
}
