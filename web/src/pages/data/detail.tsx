/** One image of the list, large, with all that is known about it; digits relabel it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { getImage, setFlag } from '../../api/client';
import type { Answer, ImageView, LabelOrigin } from '../../api/types';
import { Choices } from '../../parts/choices';
import { ConfirmFindings } from '../../parts/confirm-findings';
import { Dialog } from '../../parts/dialog';
import { ShapesOver } from '../../parts/drawn-later';
import { HeatNote, useHeat } from '../../parts/heat';
import { classOfDigit, isPressing, useKeys } from '../../parts/keys';
import { Prediction } from '../../parts/prediction';
import { ClassButton, KeyButton, SavedSign, TouchTools } from '../../parts/reading-room';
import { useFindings } from '../../parts/use-findings';
import { ViewerPane } from '../../parts/viewer-pane';
import { useLooking } from '../../parts/viewer-keys';
import { outbox } from '../../state/answers';
import { confirmed } from '../../state/findings-draft';
import { say, tellProblem } from '../../state/notices';
import { answerText, asksFindings, classes, drawingTask, labelText } from '../../state/project';
import { confirmInWords, findingsOf, isDrawn, mostProbable, named } from '../../words/labels';
import { count } from '../../words/numbers';
import { STATES } from './filters';
import type { ImageList } from './image-list';
import { labelOf } from './shown-label';

/** Keys that count once however long they are held. */
const ONCE = ['u', 'f', 'g', 'enter', 'backspace'];

interface Props {
  list: ImageList;
  index: number;
  onMove: (index: number) => void;
  onClose: () => void;
}

const ORIGINS: Record<LabelOrigin, string> = {
  cold_start: 'first batch',
  chosen: 'chosen by the program',
  random: 'drawn at random',
  returned: 'returned by auto-labeling',
  audit: 'audit',
  given: 'given, or chosen by hand',
};

export function Detail({ list, index, onMove, onClose }: Props) {
  const within = useRef<HTMLDialogElement>(null);
  const looking = useLooking();
  const painted = useRef<{ image: number; at: number } | null>(null);
  // Read so that a change of the image is shown.
  void list.version.value;
  const known = list.at(index);
  const id = known?.id;
  const [full, setFull] = useState<ImageView | null>(null);
  const image = full !== null && full.id === id ? full : known;
  const total = list.total.value ?? 0;
  const [heated, setHeated] = useState(false);
  const answered = image?.answer == null ? '' : JSON.stringify(image.answer);
  const [heatChoice, setHeatChoice] = useState<{ image: number; finding: number } | null>(null);
  const heatFinding = asksFindings.value ? findingToShow(image, heatChoice) : undefined;
  const heat = useHeat(id ?? null, heated && !looking.bare, answered, looking.controls, heatFinding);

  useEffect(() => {
    list.show(Math.max(0, index - 2), index + 3);
  }, [list, index]);

  useEffect(() => {
    let wanted = true;
    if (id === undefined) return;
    getImage(id).then((view) => {
      if (wanted) setFull(view);
    }, tellProblem);
    return () => {
      wanted = false;
    };
  }, [id]);

  useEffect(
    () =>
      outbox.subscribe({
        onReceipt(message) {
          void getImage(message.image).then((view) => {
            list.put(view);
            setFull((now) => (now?.id === view.id ? view : now));
          }, tellProblem);
        },
        onRefused(message, reason) {
          tellProblem(`The answer for ${message.file} was not taken: ${reason}`);
          void getImage(message.image).then((view) => {
            list.put(view);
            setFull((now) => (now?.id === view.id ? view : now));
          }, tellProblem);
        },
      }),
    [list],
  );

  const drawn = image === undefined ? null : drawingOf(image);

  const isShown = (): boolean => image !== undefined && painted.current?.image === image.id;
  const findings = useFindings(
    image === undefined ? null : { image: image.id, start: shownFindings(image) },
    isShown,
  );
  const pending = confirmed(findings.present, findings.touched, image?.answer ?? null);

  const answer = (value: Answer): void => {
    if (image === undefined || painted.current === null || !isShown()) return;
    const seconds = (performance.now() - painted.current.at) / 1000;
    const state = value.kind === 'unreadable' ? 'unreadable' : 'labeled';
    const changed: ImageView = { ...image, answer: value, state };
    setFull(changed);
    list.put(changed);
    say(`${answerText(value)}, saved.`);
    outbox.post({ kind: 'annotation', image: image.id, file: image.file, answer: value, seconds });
    findings.drop();
  };

  const choose = (position: number): void => {
    if (asksFindings.value) findings.toggle(position);
    else if (drawingTask.value === null && position < classes.value.length)
      answer({ kind: 'class', class: position });
  };

  const confirm = (): void => {
    if (pending !== null) answer(pending);
  };

  const flag = (): void => {
    if (image === undefined) return;
    setFlag(image.id, !image.flagged).then((view) => {
      setFull(view);
      list.put(view);
    }, tellProblem);
  };

  const move = (by: number): void => {
    const next = index + by;
    if (next < 0 || next >= total) return;
    findings.drop();
    onMove(next);
  };

  const commands: Record<string, () => void> = {
    enter: () => {
      // One looks here without being asked: Enter alone must not say "no finding".
      if (asksFindings.value && findings.touched) confirm();
    },
    backspace: () => {
      findings.takeBack();
    },
    u: () => {
      answer({ kind: 'unreadable' });
    },
    f: flag,
    g: () => {
      // Shapes say themselves where they are.
      if (drawingTask.value === null) setHeated(!heated);
    },
    a: () => {
      move(-1);
    },
    d: () => {
      move(1);
    },
    pageup: () => {
      move(-1);
    },
    pagedown: () => {
      move(1);
    },
  };

  useKeys((event) => {
    const key = event.key.toLowerCase();
    if ((key === 'enter' || key === ' ') && isPressing(event)) return;
    const digit = classOfDigit(event);
    if (event.repeat && (digit !== null || ONCE.includes(key))) return;
    if (digit !== null) {
      if (asksFindings.value) findings.digit(digit);
      else choose(digit);
    } else if (commands[key] !== undefined) commands[key]();
    else {
      looking.onKeyDown(event);
      return;
    }
    event.preventDefault();
  }, within);
  useKeys(looking.onKeyUp, within, 'keyup');

  const near = [index + 1, index - 1].flatMap((i) => list.at(i)?.id ?? []);
  return (
    <Dialog
      title="Image"
      quietTitle
      takesFocus
      onClose={onClose}
      testId="detail"
      class="detail"
      within={within}
    >
      <div class="detail-view">
        <ViewerPane
          image={id ?? null}
          ahead={near}
          file={image?.file ?? ''}
          label={image?.file ?? 'Image'}
          onPainted={(shown) => {
            painted.current = { image: shown, at: performance.now() };
          }}
          controls={looking.controls}
          tool={looking.tool}
          bare={looking.bare}
        >
          {drawn !== null && image !== undefined && !looking.bare && (
            <ShapesOver image={image} drawing={drawn} controls={looking.controls} />
          )}
          {asksFindings.value ? (
            <HeatNote
              state={heat}
              choice={{
                findings: classes.value,
                chosen: heatFinding,
                onChoose: (finding) => {
                  if (id !== undefined) setHeatChoice({ image: id, finding });
                },
              }}
            />
          ) : (
            <HeatNote state={heat} />
          )}
        </ViewerPane>
        <TouchTools looking={looking} />
      </div>
      <aside class="detail-side">
        <p class="detail-place">
          <span>
            {count(index + 1)} of {count(total)}
          </span>
          <SavedSign />
          <button type="button" class="plain" onClick={onClose} data-testid="close-detail">
            Close
          </button>
        </p>
        {image !== undefined && <About image={image} />}
        {drawingTask.value === null && (
          <Choices label="Label">
            {classes.value.map((definition, position) => (
              <ClassButton
                key={definition.name}
                index={position}
                definition={definition}
                pressed={
                  asksFindings.value
                    ? findings.present.includes(position)
                    : image?.answer?.kind === 'class' && image.answer.class === position
                }
                isSwitch={asksFindings.value}
                disabled={image === undefined}
                onChoose={choose}
              />
            ))}
          </Choices>
        )}
        {asksFindings.value && (
          <ConfirmFindings
            findings={findings}
            text={confirmInWords(findings.present)}
            testId="confirm"
            disabled={image === undefined}
            isSettled={pending === null}
            onConfirm={confirm}
          />
        )}
        <div class="commands">
          <KeyButton
            keyName="U"
            testId="unreadable"
            pressed={image?.answer?.kind === 'unreadable'}
            onPress={commands.u ?? flag}
          >
            Cannot be read
          </KeyButton>
          <KeyButton keyName="F" testId="flag" pressed={image?.flagged ?? false} onPress={flag}>
            {image?.flagged === true ? 'Flagged' : 'Flag'}
          </KeyButton>
          <KeyButton
            keyName="A"
            testId="previous"
            disabled={index === 0}
            onPress={() => {
              move(-1);
            }}
          >
            Previous
          </KeyButton>
          <KeyButton
            keyName="D"
            testId="next"
            disabled={index + 1 >= total}
            onPress={() => {
              move(1);
            }}
          >
            Next
          </KeyButton>
          {drawingTask.value === null && (
            <KeyButton keyName="G" testId="heat" pressed={heated} onPress={commands.g ?? flag}>
              Where it looks
            </KeyButton>
          )}
        </div>
      </aside>
    </Dialog>
  );
}

/** The drawing that an image goes by: the expert's, else the program's. */
function drawingOf({ answer, auto_label: label }: ImageView): number | null {
  if (answer != null) return answer.kind === 'drawn' ? answer.drawing : null;
  return label != null && isDrawn(label) ? label.drawing : null;
}

/** The findings that an image goes by: the expert's, else the program's. */
function shownFindings({ answer, auto_label: label }: ImageView): readonly number[] {
  if (answer != null) return findingsOf(answer);
  return label == null ? [] : named(label);
}

/** The finding whose evidence is laid over the picture: the one chosen, else the most probable. */
function findingToShow(
  image: ImageView | undefined,
  choice: { image: number; finding: number } | null,
): number | undefined {
  if (image === undefined) return undefined;
  if (choice?.image === image.id) return choice.finding;
  return image.prediction == null ? undefined : (mostProbable(image.prediction) ?? undefined);
}

function About({ image }: { image: ImageView }) {
  const state = STATES.find(([name]) => name === image.state)?.[1] ?? image.state;
  const rows: [string, string][] = [
    ['File', image.file],
    ['Size', `${count(image.width)} × ${count(image.height)}`],
    ['State', state],
    ['Label', labelOf(image).text],
  ];
  if (image.origin != null) rows.push(['How', ORIGINS[image.origin]]);
  if (image.auto_label != null) rows.push(['Auto-label', labelText(image.auto_label)]);
  if (image.group != null) rows.push(['Group', image.group]);
  if (image.duplicate_of != null) rows.push(['Copy of', `image ${String(image.duplicate_of)}`]);
  return (
    <>
      <dl class="about">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {image.prediction != null && (
        <details class="opinion">
          <summary>The model&rsquo;s opinion</summary>
          <Prediction prediction={image.prediction} />
        </details>
      )}
    </>
  );
}
