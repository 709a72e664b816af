/** The reading room: one image, the classes or findings with their digits, and nothing else in the way. */
import { useEffect, useState } from 'preact/hooks';
import { AwayBanner, KeyButton, SavedSign, TouchTools } from '../../parts/reading-room';
import { Banners } from '../../parts/banners';
import { ClassPalette } from '../../parts/class-palette';
import { DrawnLabelRoom } from '../../parts/drawn-later';
import { KeyCard } from '../../parts/key-card';
import { classOfDigit, isPressing, useKeys } from '../../parts/keys';
import { usePace } from '../../parts/use-pace';
import { useFindings } from '../../parts/use-findings';
import { ViewerPane } from '../../parts/viewer-pane';
import { useLooking } from '../../parts/viewer-keys';
import { giveAnswer, goBack, loadingQueue, session, startLabeling, toggleFlag } from '../../state/labeling';
import { confirmed } from '../../state/findings-draft';
import { asksFindings, classes, drawingTask, words } from '../../state/project';
import type { Answer } from '../../api/types';
import { findingsOf } from '../../words/labels';
import { EmptyQueue } from './empty-queue';
import { LookingBack } from './looking-back';
import { Peek } from './peek';
import { Rail } from './rail';
import { ReasonPanel } from './reason-panel';
import { BatchProgress } from './batch-progress';

/** Images prefetched, planes decoded and uploaded. */
export const PREFETCHED = 3;

type Card = 'keys' | 'palette' | null;

export function LabelPage() {
  useEffect(startLabeling, []);
  return drawingTask.value === null ? <ChoosingRoom /> : <DrawnLabelRoom />;
}

function ChoosingRoom() {
  const item = session.current.value;
  const earlier = session.earlier.value;
  const looking = useLooking();
  const [card, setCard] = useState<Card>(null);
  const [why, setWhy] = useState(false);
  const [peeking, setPeeking] = useState(false);
  /** The finding whose evidence the peek shows, where one was asked for. */
  const [peekedFinding, setPeekedFinding] = useState<number | null>(null);
  const { onPainted, step, isShown, seconds } = usePace(item?.image.id ?? null);
  const findings = useFindings(
    item === null ? null : { image: item.image.id, start: earlier === null ? [] : findingsOf(earlier) },
    isShown,
  );
  const pending = confirmed(findings.present, findings.touched, earlier);

  const answer = (value: Answer, event: Event): void => {
    if (!isShown()) return;
    setCard(null);
    step(event, () => {
      giveAnswer(value, seconds());
    });
    findings.drop();
  };

  const choose = (index: number, event: Event): void => {
    if (asksFindings.value) {
      findings.toggle(index);
      setCard(null);
    } else if (index < classes.value.length) answer({ kind: 'class', class: index }, event);
  };

  const onDigit = (index: number, event: Event): void => {
    if (!asksFindings.value) choose(index, event);
    else if (!peeking) findings.digit(index);
    else if (index < classes.value.length) setPeekedFinding(index);
  };

  const peek = (on: boolean): void => {
    setPeeking(on);
    setPeekedFinding(null);
  };

  const back = (event: Event): void => {
    findings.drop();
    step(event, () => void goBack());
  };

  const leave = (event: Event): void => {
    findings.drop();
    step(event, session.forward);
  };

  const confirm = (event: Event): void => {
    if (pending === null) leave(event);
    else answer(pending, event);
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
    g: () => {
      peek(true);
    },
    backspace: (event) => {
      if (!findings.takeBack()) back(event);
    },
    enter: asksFindings.value ? confirm : leave,
    '?': () => {
      setCard('keys');
    },
    '/': () => {
      setCard('palette');
    },
  };

  useKeys((event) => {
    const key = event.key.toLowerCase();
    if ((key === 'enter' || key === ' ') && isPressing(event)) {
      // Held on a button it would press again and again, for one image after the other.
      if (event.repeat) event.preventDefault();
      return;
    }
    const index = classOfDigit(event);
    // A held key must not label a row of images.
    if (event.repeat && (index !== null || key in commands)) return;
    if (index !== null) onDigit(index, event);
    else if (commands[key] !== undefined) commands[key](event);
    else {
      looking.onKeyDown(event);
      return;
    }
    event.preventDefault();
  });
  useKeys(
    (event) => {
      if (event.key.toLowerCase() === 'g') peek(false);
      looking.onKeyUp(event);
    },
    undefined,
    'keyup',
  );

  const ahead = session.ahead.value.slice(0, PREFETCHED).map((next) => next.image.id);
  const position = item === null ? '' : `Image ${String(item.position)} of ${String(item.batch_size)}`;

  return (
    <main class={looking.bare ? 'room room-bare' : 'room'} data-testid="label-page">
      <h1 class="visually-hidden">Label</h1>
      <section class="room-view" aria-label="Image">
        <ViewerPane
          image={item?.image.id ?? null}
          ahead={ahead}
          file={item?.image.file ?? ''}
          label={item === null ? 'No image' : `${position}: ${item.image.file}`}
          onPainted={onPainted}
          controls={looking.controls}
          tool={looking.tool}
          bare={looking.bare}
        >
          {item !== null && session.stepsBack.value > 0 && (
            <LookingBack
              steps={session.stepsBack.value}
              answer={earlier}
              isChanged={asksFindings.value && pending !== null}
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
          {item !== null && peeking && (
            <Peek image={item.image.id} controls={looking.controls} finding={peekedFinding} />
          )}
        </ViewerPane>
        {item === null && !loadingQueue.value && <EmptyQueue because={session.emptyBecause.value} />}
        {!looking.bare && <TouchTools looking={looking} />}
        <div class="room-banners">
          <AwayBanner />
          <Banners />
        </div>
      </section>
      <Rail
        item={item}
        earlier={earlier}
        findings={asksFindings.value ? findings : null}
        leaves={pending === null}
        onConfirm={confirm}
        onChoose={choose}
        onBack={back}
        commands={commands}
        why={why}
        canGoBack={session.history.value.length > session.stepsBack.value || session.stepsBack.value === 0}
        onPeek={peek}
      />
      <footer class="strip">
        <a href="/" class="strip-home" data-testid="leave">
          Home
        </a>
        <BatchProgress item={item} />
        <SavedSign />
        <KeyButton
          keyName="?"
          testId="open-keys"
          onPress={() => {
            setCard('keys');
          }}
        >
          Keys
        </KeyButton>
      </footer>
      {card === 'keys' && (
        <KeyCard
          screen="label"
          onClose={() => {
            setCard(null);
          }}
        />
      )}
      {card === 'palette' && (
        <ClassPalette
          classes={classes.value}
          words={words.value}
          present={asksFindings.value ? findings.present : []}
          onChoose={(index) => {
            choose(index, new Event('choose'));
          }}
          onClose={() => {
            setCard(null);
          }}
        />
      )}
    </main>
  );
}
