/** Checking a random sample of the auto-labels, until the target is certified or refuted. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Answer, AuditView } from '../../api/types';
import { Banners } from '../../parts/banners';
import { ClassPalette } from '../../parts/class-palette';
import { DrawnAuditRoom } from '../../parts/drawn-later';
import { KeyCard } from '../../parts/key-card';
import { classOfDigit, isPressing, useKeys } from '../../parts/keys';
import { useFindings } from '../../parts/use-findings';
import { AwayBanner, KeyButton, SavedSign, TouchTools } from '../../parts/reading-room';
import { Shell } from '../../parts/shell';
import { ViewerPane } from '../../parts/viewer-pane';
import { useLooking } from '../../parts/viewer-keys';
import { checking, flagChecked, giveCheck, lastCheck, startAuditing } from '../../state/auditing';
import { planes, recordNextImage } from '../../state/planes';
import { asksFindings, audit, classes, drawingTask, labelText, words } from '../../state/project';
import { answerOf, named, sameLabel } from '../../words/labels';
import { AuditRail } from './audit-rail';
import { AuditStrip } from './audit-strip';
import { Verdict } from './verdict';

export function AuditPage() {
  useEffect(startAuditing, []);
  const view = audit.value;
  if (view === null) {
    return (
      <Shell title="Audit">
        <h1>Audit</h1>
        <p class="quiet" role="status">
          Opening the audit…
        </p>
      </Shell>
    );
  }
  if (view === 'none' || (view.population === 0 && view.next == null)) return <NothingToAudit />;
  if (view.verdict !== 'running' || view.next == null) return <Verdict view={view} />;
  const Room = drawingTask.value === null ? AuditRoom : DrawnAuditRoom;
  return <Room view={view} item={view.next} />;
}

function NothingToAudit() {
  return (
    <Shell title="Audit">
      <div class="empty empty-page" data-testid="audit-empty">
        <h1>Nothing to audit yet</h1>
        <p>
          The audit checks a random sample of the labels that the program gave. Auto-label the rest first;
          then the first image to check appears here.
        </p>
        <a class="button button-primary" href="/release">
          Go to release
        </a>
      </div>
    </Shell>
  );
}

function AuditRoom({ view, item }: { view: AuditView; item: NonNullable<AuditView['next']> }) {
  const looking = useLooking();
  const [card, setCard] = useState<'keys' | 'palette' | null>(null);
  const painted = useRef<{ image: number; at: number } | null>(null);
  const askedAt = useRef<number | null>(null);
  const busy = checking.value !== null;
  const id = item.image.id;

  const onPainted = (image: number): void => {
    painted.current = { image, at: performance.now() };
    if (askedAt.current !== null) recordNextImage(askedAt.current, image, planes.peek(image) !== undefined);
    askedAt.current = null;
  };

  const isOpen = (): boolean => checking.value === null && painted.current?.image === id;
  const findings = useFindings({ image: id, start: named(item.label) }, isOpen);
  const standing = asksFindings.value ? [...findings.present] : item.label;

  const answer = (value: Answer, event: Event): void => {
    if (painted.current === null || !isOpen()) return;
    setCard(null);
    askedAt.current = event.timeStamp;
    giveCheck(view, value, (performance.now() - painted.current.at) / 1000);
    findings.drop();
  };
  const choose = (index: number, event: Event): void => {
    if (asksFindings.value) {
      findings.toggle(index);
      setCard(null);
    } else if (index < classes.value.length) answer({ kind: 'class', class: index }, event);
  };
  const onDigit = (index: number, event: Event): void => {
    if (asksFindings.value) findings.digit(index);
    else choose(index, event);
  };
  const commands: Record<string, (event: Event) => void> = {
    // The label in question, unless findings were switched: then as it was corrected.
    enter: (event) => {
      answer(answerOf(standing), event);
    },
    backspace: () => {
      findings.takeBack();
    },
    u: (event) => {
      answer({ kind: 'unreadable' }, event);
    },
    f: () => void flagChecked(view),
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
      // Held on a button it would press again and again, for one label after the other.
      if (event.repeat) event.preventDefault();
      return;
    }
    const index = classOfDigit(event);
    if (event.repeat && (index !== null || key in commands)) return;
    if (index !== null) onDigit(index, event);
    else if (commands[key] !== undefined) commands[key](event);
    else {
      looking.onKeyDown(event);
      return;
    }
    event.preventDefault();
  });
  useKeys(looking.onKeyUp, undefined, 'keyup');

  return (
    <main class={looking.bare ? 'room room-audit room-bare' : 'room room-audit'} data-testid="audit-page">
      <h1 class="visually-hidden">Audit</h1>
      <section class="room-view" aria-label="Image">
        <ViewerPane
          image={id}
          ahead={[]}
          file={item.image.file}
          label={`Check: is this ${labelText(item.label)}? ${item.image.file}`}
          onPainted={onPainted}
          controls={looking.controls}
          tool={looking.tool}
          bare={looking.bare}
        />
        {!looking.bare && <TouchTools looking={looking} />}
        <div class="room-banners">
          <AwayBanner />
          <Banners />
        </div>
      </section>
      <AuditRail
        item={item}
        findings={asksFindings.value ? findings : null}
        agrees={sameLabel(standing, item.label)}
        busy={busy}
        last={lastCheck.value}
        onChoose={choose}
        commands={commands}
      />
      <footer class="strip">
        <a href="/" class="strip-home" data-testid="leave">
          Home
        </a>
        <AuditStrip view={view} />
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
          screen="audit"
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
