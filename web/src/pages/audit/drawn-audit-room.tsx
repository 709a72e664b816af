/** The audit where labels are shapes: right as they are, or corrected and saved. */
import { useRef, useState } from 'preact/hooks';
import { getDrawing } from '../../api/client';
import type { Answer, AuditView, Label } from '../../api/types';
import type { Controller } from '../../drawing/ui/controller';
import { chooseClass } from '../../drawing/ui/drawing-keys';
import { DrawingPane } from '../../drawing/ui/drawing-pane';
import { BareButton } from '../../parts/bare-button';
import { Banners } from '../../parts/banners';
import { ClassPalette } from '../../parts/class-palette';
import { DrawingNotes } from '../../parts/drawing-notes';
import { isUntouched, stateOf } from '../../parts/drawing-state';
import { DRAWN_AUDIT_KEYS } from '../../parts/drawn-keys';
import { classOfDigit, hasTenthDigit, isPressing, useKeys } from '../../parts/keys';
import { AwayBanner, KeyButton, SavedSign, TouchTools } from '../../parts/reading-room';
import { useDrawing, type Request } from '../../parts/use-drawing';
import { usePace } from '../../parts/use-pace';
import { useLooking } from '../../parts/viewer-keys';
import { checking, flagChecked, giveCheck, lastCheck } from '../../state/auditing';
import { classes, words } from '../../state/project';
import { answerOf, isDrawn, NOTHING_HERE, shapesInWords, UNNUMBERED } from '../../words/labels';
import { AuditStrip } from './audit-strip';
import { LastCheckLine } from './last-check';

interface Props {
  view: AuditView;
  item: NonNullable<AuditView['next']>;
}

export function DrawnAuditRoom({ view, item }: Props) {
  const looking = useLooking();
  const [palette, setPalette] = useState(false);
  const controller = useRef<Controller | null>(null);
  const { id } = item.image;
  const { onPainted, isShown, seconds } = usePace(id);
  const busy = checking.value !== null;
  const drawing = useDrawing(requestOf(item.image, item.label));
  const { session: drawn, open } = drawing;
  const { shapes } = stateOf(drawn);
  const agrees = isUntouched(drawn);

  const isOpen = (): boolean => open !== null && checking.value === null && isShown();
  const check = (answer: Answer): void => {
    if (isOpen()) giveCheck(view, answer, seconds());
  };
  const correct = (): void => {
    if (!isOpen()) return;
    giveCheck(view, UNNUMBERED, seconds(), drawn.toDrawing());
  };
  const finish = (): void => {
    if (agrees) check(answerOf(item.label));
    else if (shapes > 0) correct();
    else controller.current?.say('All shapes are gone. If there is nothing to draw, say so with 0.');
  };
  const nothingHere = (): void => {
    if (shapes > 0) controller.current?.say('Delete what is not there first.');
    else if (agrees) check(answerOf(item.label));
    else correct();
  };
  const hide = (hidden: boolean): void => {
    drawing.habits.visible.value = !hidden;
  };
  const commands: Record<string, () => void> = {
    u: () => {
      check({ kind: 'unreadable' });
    },
    f: () => void flagChecked(view),
    g: () => {
      hide(true);
    },
    '0': nothingHere,
    '/': () => {
      setPalette(true);
    },
  };
  const run = (key: string) => () => commands[key]?.();

  useKeys((event) => {
    const key = event.key.toLowerCase();
    if ((key === 'enter' || key === ' ') && isPressing(event)) {
      if (event.repeat) event.preventDefault();
      return;
    }
    const isZero = classOfDigit(event) === 9 && !hasTenthDigit(classes.value.length);
    const command = commands[isZero ? '0' : key];
    if (command === undefined) looking.onKeyDown(event);
    else {
      if (!event.repeat) command();
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

  const answer = (
    <>
      <div class="question">
        <p class="quiet">The program drew</p>
        <p class="question-label" data-testid="proposed-label">
          {open === null ? '…' : agrees ? shapesInWords(shapes) : 'changed by you'}
        </p>
      </div>
      <div class="drawing-finish">
        <KeyButton
          keyName="⏎"
          testId={agrees ? 'agree' : 'correct'}
          primary
          disabled={busy || open === null || (!agrees && shapes === 0)}
          onPress={finish}
        >
          {agrees ? 'Right as it is' : 'Save correction'}
        </KeyButton>
        {!agrees && (
          <KeyButton
            keyName={hasTenthDigit(classes.value.length) ? '' : '0'}
            testId="nothing-here"
            disabled={busy || shapes > 0}
            onPress={nothingHere}
          >
            {NOTHING_HERE}
          </KeyButton>
        )}
      </div>
      <div class="commands">
        <KeyButton keyName="U" testId="unreadable" disabled={busy} onPress={run('u')}>
          Cannot be read
        </KeyButton>
        <KeyButton keyName="F" testId="flag" pressed={item.image.flagged} onPress={run('f')}>
          {item.image.flagged ? 'Flagged' : 'Flag'}
        </KeyButton>
        <BareButton onHide={hide} />
      </div>
      <LastCheckLine last={lastCheck.value} />
    </>
  );

  return (
    <main class={`room room-drawn room-audit${looking.bare ? ' room-bare' : ''}`} data-testid="audit-page">
      <h1 class="visually-hidden">Audit</h1>
      <section class="room-view" aria-label="Image">
        <DrawingPane
          image={id}
          ahead={[]}
          file={item.image.file}
          label={`Check: is this drawn right? ${item.image.file}`}
          session={drawn}
          classes={classes.value}
          looking={looking}
          habits={drawing.habits}
          isLocked={open === null || busy}
          pageKeys={DRAWN_AUDIT_KEYS}
          onPainted={onPainted}
          onDone={finish}
          onController={(made) => {
            controller.current = made;
          }}
          answer={answer}
        >
          <DrawingNotes drawing={drawing} />
          <TouchTools looking={looking} rest="draw" />
        </DrawingPane>
        <div class="room-banners">
          <AwayBanner />
          <Banners />
        </div>
      </section>
      <footer class="strip">
        <a href="/" class="strip-home" data-testid="leave">
          Home
        </a>
        <AuditStrip view={view} />
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

/** The label in question, as the program drew it. */
function requestOf(image: Props['item']['image'], label: Label): Request | null {
  if (!isDrawn(label)) return null;
  const { drawing } = label;
  return {
    screen: 'audit',
    image,
    base: `auto-label ${String(drawing)}`,
    begin: () => getDrawing(drawing),
  };
}
