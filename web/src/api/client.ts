/**
 * Every call the app makes, one function each, over the client generated from the server's OpenAPI
 * document. A failed call throws {@link ApiError}, which says whether trying again can help.
 */
import createClient from 'openapi-fetch';
import type { paths } from './schema';
import type {
  AnswerReceipt,
  AnswerRequest,
  AuditAnswerRequest,
  AuditView,
  AutoLabelView,
  CurveView,
  DoubtView,
  Drawing,
  ImageOrder,
  ImagePage,
  ImageState,
  ImageView,
  JobView,
  LocalizationView,
  ModelView,
  ProjectView,
  QueueView,
  RefusedFile,
  SliceNeighbours,
  Settings,
  ShapeProposal,
} from './types';

/** Why a call failed, in a sentence that can be shown as it is. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status, or 0 when no answer came at all. */
    readonly status: number,
    /** Stable code of the problem, `network` when no answer came. */
    readonly code: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** The same request may succeed later: no connection, the server is overloaded or is starting. */
  get mayPass(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** A frozen server must not hold an answer for ever: after this it counts as not reached. */
const ANSWER_TIMEOUT_MS = 15_000;
const soon = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });

const client = createClient<paths>({ baseUrl: '' });

/** What openapi-fetch hands back. */
interface Outcome<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

async function settle<T>(call: Promise<Outcome<T>>): Promise<T> {
  let outcome: Outcome<T>;
  try {
    outcome = await call;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError('AutoLabel does not answer. Is the program still running?', 0, 'network');
  }
  if (outcome.response.ok && outcome.data !== undefined) return outcome.data;
  throw problem(outcome.response, outcome.error);
}

/** Reads an RFC 9457 problem; anything else becomes a sentence that names the status. */
export function problem(response: Response, body: unknown): ApiError {
  if (typeof body === 'object' && body !== null) {
    const { detail, title, code } = body as Record<string, unknown>;
    const text = typeof detail === 'string' && detail !== '' ? detail : title;
    if (typeof text === 'string') {
      return new ApiError(text, response.status, typeof code === 'string' ? code : 'problem');
    }
  }
  return new ApiError(
    `AutoLabel answered with status ${String(response.status)}.`,
    response.status,
    'problem',
  );
}

export const getProject = (): Promise<ProjectView> => settle(client.GET('/api/v1/project'));

export const changeSettings = (body: Partial<Settings>): Promise<ProjectView> =>
  settle(client.PATCH('/api/v1/project', { body }));

export const getCurve = (): Promise<CurveView> => settle(client.GET('/api/v1/curve'));

export const getQueue = (count: number): Promise<QueueView> =>
  settle(client.GET('/api/v1/queue', { params: { query: { count } } }));

export const sendAnswer = (body: AnswerRequest): Promise<AnswerReceipt> =>
  settle(client.POST('/api/v1/annotations', { body, ...soon() }));

export const undoAnswer = (): Promise<QueueView> => settle(client.POST('/api/v1/annotations/undo'));

export const setFlag = (id: number, on: boolean): Promise<ImageView> =>
  settle(client.PUT('/api/v1/images/{id}/flag', { params: { path: { id } }, body: { on } }));

/** What the data list asks for; absent fields do not filter. */
export interface ImageQuery {
  state?: ImageState;
  class?: number;
  flagged?: boolean;
  duplicates?: boolean;
  unusual?: boolean;
  disagreement?: boolean;
  text?: string;
  order?: ImageOrder;
}

export const getImages = (
  query: ImageQuery & { offset: number; limit: number },
  signal?: AbortSignal,
): Promise<ImagePage> => settle(client.GET('/api/v1/images', { params: { query }, signal: signal ?? null }));

export const getImage = (id: number): Promise<ImageView> =>
  settle(client.GET('/api/v1/images/{id}', { params: { path: { id } } }));

/** Where the model sees a class or finding; without one, the class that is shown for the image. */
export const getLocalization = (id: number, index?: number): Promise<LocalizationView> =>
  settle(
    client.GET('/api/v1/images/{id}/localization', {
      params: { path: { id }, query: index === undefined ? {} : { class: index } },
    }),
  );

/** Keeps what was drawn on an image; an answer then names the number. */
export const saveDrawing = async (id: number, body: Drawing): Promise<number> => {
  const call = client.POST('/api/v1/images/{id}/drawings', { params: { path: { id } }, body, ...soon() });
  return (await settle(call)).id;
};

export const getDrawing = async (id: number): Promise<Drawing> =>
  (await settle(client.GET('/api/v1/drawings/{id}', { params: { path: { id } } }))) as Drawing;

/** What the network would draw on an image; `null` before it has learnt. */
export const getProposal = async (id: number): Promise<ShapeProposal | null> => {
  const call = client.GET('/api/v1/images/{id}/proposal', { params: { path: { id } } });
  return ((await settle(call)).proposal ?? null) as ShapeProposal | null;
};

/** Where the network is least sure on an image. */
export const getDoubt = (id: number): Promise<DoubtView> =>
  settle(client.GET('/api/v1/images/{id}/doubt', { params: { path: { id } } }));

/** What people have drawn on the nearest slices of the same series. */
export const getNeighbours = async (id: number): Promise<SliceNeighbours> => {
  const call = client.GET('/api/v1/images/{id}/neighbours', { params: { path: { id } } });
  return (await settle(call)) as SliceNeighbours;
};

export const getRefused = (): Promise<RefusedFile[]> => settle(client.GET('/api/v1/refused'));

export const getJobs = (): Promise<JobView[]> => settle(client.GET('/api/v1/jobs'));

export const startJob = (kind: 'import' | 'train' | 'propose'): Promise<JobView> =>
  settle(client.POST('/api/v1/jobs', { body: { kind } }));

export const cancelJob = (id: number): Promise<JobView> =>
  settle(client.DELETE('/api/v1/jobs/{id}', { params: { path: { id } } }));

export const getModels = (): Promise<ModelView[]> => settle(client.GET('/api/v1/models'));

export const getAutoLabel = (): Promise<AutoLabelView> => settle(client.GET('/api/v1/auto-label'));

export const applyAutoLabel = (): Promise<AutoLabelView> => settle(client.POST('/api/v1/auto-label'));

export const getAudit = (): Promise<AuditView> => settle(client.GET('/api/v1/audit'));

export const sendAuditAnswer = (body: AuditAnswerRequest): Promise<AuditView> =>
  settle(client.POST('/api/v1/audit/answers', { body, ...soon() }));

export const planeUrl = (id: number): string => `/api/v1/images/${String(id)}/plane`;

export const previewUrl = (id: number, side: number): string =>
  `/api/v1/images/${String(id)}/preview?side=${String(side)}`;

export const exportUrl = (format: 'csv' | 'jsonl' | 'coco' | 'folders'): string =>
  `/api/v1/export?format=${format}`;

export const CERTIFICATE_URL = '/api/v1/certificate';
export const CERTIFICATE_PAGE_URL = '/api/v1/certificate.html';
