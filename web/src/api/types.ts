/** Short names of the generated types, so that the rest of the app reads in the project's own words. */
import type { Drawing, WireShape } from '../drawing/core/geometry';
import type { components } from './schema';

type Schemas = components['schemas'];

export type Answer = Schemas['Answer'];
export type AnswerReceipt = Schemas['AnswerReceipt'];
export type AnswerRequest = Schemas['AnswerRequest'];
export type AuditAnswerRequest = Schemas['AuditAnswerRequest'];
export type AuditView = Schemas['AuditView'];
export type AutoLabelView = Schemas['AutoLabelView'];
export type ClassDefinition = Schemas['ClassDefinition'];
export type ClassRow = Schemas['ClassRow'];
export type Counts = Schemas['Counts'];
export type CurvePoint = Schemas['CurvePoint'];
export type CurveView = Schemas['CurveView'];
/** The shapes of an image; lengths of lists that the generated types leave open are known here. */
export type { Drawing };
export type Effort = Schemas['Effort'];
export type Estimate = Schemas['Estimate'];
export type ImageOrder = Schemas['ImageOrder'];
export type ImagePage = Schemas['ImagePage'];
export type ImageState = Schemas['ImageState'];
export type ImageView = Schemas['ImageView'];
export type JobView = Schemas['JobView'];
export type Label = Schemas['Label'];
export type LabelOrigin = Schemas['LabelOrigin'];
export type DoubtView = Schemas['DoubtView'];
export type LocalizationView = Schemas['LocalizationView'];
export type ModelView = Schemas['ModelView'];
export type PredictionView = Schemas['PredictionView'];
export type PickReason = Schemas['PickReason'];
export type ProjectEvent = Schemas['ProjectEvent'];
export type ProjectView = Schemas['ProjectView'];
export type QueueItem = Schemas['QueueItem'];
export type QueueView = Schemas['QueueView'];
export type RefusedFile = Schemas['RefusedFile'];
export type ReliabilityBin = Schemas['ReliabilityBin'];
export type Settings = Schemas['Settings'];
export type ShapeProposal = Omit<Schemas['ShapeProposal'], 'shapes'> & {
  shapes: (WireShape & { confidence: number })[];
};
export type SliceNeighbours = Partial<Record<'before' | 'after', DrawnSlice | null>>;
export type DrawnSlice = Omit<Schemas['DrawnSlice'], 'drawing'> & { drawing: Drawing };
export type Stage = Schemas['Stage'];
export type StopAdvice = Schemas['StopAdvice'];
export type Task = Schemas['Task'];
