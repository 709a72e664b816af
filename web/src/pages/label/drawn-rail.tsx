/** How a drawing is answered: save it, say that there is nothing, and the few commands beside them. */
import type { RefObject } from 'preact';
import type { Answer, QueueItem, ShapeProposal } from '../../api/types';
import type { Controller } from '../../drawing/ui/controller';
import { runAction } from '../../drawing/ui/drawing-keys';
import { BareButton } from '../../parts/bare-button';
import { isUntouched, stateOf } from '../../parts/drawing-state';
import { DIGITS, hasTenthDigit } from '../../parts/keys';
import { KeyButton } from '../../parts/reading-room';
import type { DrawingInHand } from '../../parts/use-drawing';
import { classes } from '../../state/project';
import { NOTHING_HERE, shapesInWords } from '../../words/labels';
import { plural } from '../../words/numbers';

interface Props {
  item: QueueItem;
  earlier: Answer | null;
  drawing: DrawingInHand;
  controller: RefObject<Controller | null>;
  onFinish: (event: Event) => void;
  commands: Record<string, (event: Event) => void>;
  why: boolean;
  canGoBack: boolean;
  onHide: (hidden: boolean) => void;
}

export function DrawnRail(props: Props) {
  const { item, earlier, drawing, controller, onFinish, commands, why, canGoBack, onHide } = props;
  const { session, open } = drawing;
  const run = (key: string) => (event: Event) => commands[key]?.(event);
  const { shapes, proposed } = stateOf(session);
  const leaves = earlier?.kind === 'drawn' && isUntouched(session);
  const many = classes.value.length;
  return (
    <>
      {proposed > 0 && <Quality proposal={open?.proposal ?? null} />}
      <div class="drawing-finish">
        <KeyButton
          keyName="⏎"
          testId="save-drawing"
          primary
          disabled={open === null || (shapes === 0 && proposed === 0 && !leaves)}
          onPress={(event) => {
            if (proposed === 0 || controller.current === null) onFinish(event);
            else runAction(controller.current, 'accept', many);
          }}
        >
          {saveInWords(shapes, proposed, leaves)}
        </KeyButton>
        <KeyButton
          keyName={hasTenthDigit(many) ? '' : '0'}
          testId="nothing-here"
          pressed={earlier?.kind === 'drawn' && leaves && shapes === 0}
          disabled={open === null || shapes > 0}
          onPress={run('0')}
        >
          {NOTHING_HERE}
        </KeyButton>
      </div>
      <div class="commands">
        <KeyButton
          keyName="U"
          testId="unreadable"
          pressed={earlier?.kind === 'unreadable'}
          onPress={run('u')}
        >
          Cannot be read
        </KeyButton>
        <KeyButton keyName="F" testId="flag" pressed={item.image.flagged} onPress={run('f')}>
          {item.image.flagged ? 'Flagged' : 'Flag'}
        </KeyButton>
        <KeyButton keyName="⌫" testId="back" disabled={!canGoBack} onPress={run('backspace')}>
          Back
        </KeyButton>
        {many > DIGITS && (
          <KeyButton keyName="/" testId="find-class" onPress={run('/')}>
            Find a class
          </KeyButton>
        )}
        {open?.proposal != null && (
          <KeyButton keyName="D" testId="doubt" onPress={run('d')}>
            Where unsure
          </KeyButton>
        )}
        {item.image.slice != null && (
          <KeyButton keyName="⇧N" testId="neighbours" onPress={run('n')}>
            From slices around
          </KeyButton>
        )}
        <KeyButton keyName="W" testId="why" pressed={why} onPress={run('w')}>
          Why this image
        </KeyButton>
        <BareButton onHide={onHide} />
      </div>
    </>
  );
}

function saveInWords(shapes: number, proposed: number, leaves: boolean): string {
  if (proposed > 0) return `Accept ${plural(proposed, 'proposal')}`;
  if (leaves) return 'Leave it';
  return shapes === 0 ? 'Save' : `Save ${shapesInWords(shapes)}`;
}

/** How far to trust the proposal, in words: a number would be taken for a measurement of this image. */
function Quality({ proposal }: { proposal: ShapeProposal | null }) {
  if (proposal === null) return null;
  return (
    <p class="drawing-quality" data-testid="proposal-quality">
      <strong>{qualityInWords(proposal.quality ?? null)}</strong>
      <span class="quiet">
        Proposed after {plural(proposal.network, 'label')}; Tab shows the most doubtful.
      </span>
    </p>
  );
}

function qualityInWords(quality: number | null): string {
  if (quality === null) return 'A proposal: check all of it';
  if (quality >= 0.85) return 'Probably right';
  return quality >= 0.65 ? 'Probably mostly right' : 'Probably needs work';
}
