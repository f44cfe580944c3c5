import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  INVALID_TRACEID,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { newTrace, readTraceHeaders, type TraceHeaders, traceparentOf } from './trace-context.ts';

export { SpanKind } from '@opentelemetry/api';

// Tracing by the API of OpenTelemetry. Without an SDK, spans are not recorded: what remains is the
// trace id, which goes from the client's header to the letter.

/** Ids that a piece of work is about, such as `orderId`: on its span and its log lines. */
export type Fields = Record<string, string>;

const FIELDS = createContextKey('orderbell: ids of the work');
// Keys of OpenTelemetry: by the first its API finds the span of a context, by the second
// instrumentations see that a request has a span and its headers.
const SPAN = createContextKey('OpenTelemetry Context Key SPAN');
const SUPPRESSED = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

// The API keeps one context manager for the process. An SDK that was loaded before has set its own.
const probe = ROOT_CONTEXT.setValue(FIELDS, {});
if (context.with(probe, () => context.active()) !== probe) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
}

/** A piece of work in a trace. */
export interface Work {
  context: Context;
  span: Span;
  traceId: string;
  fields: Fields;
}

export interface WorkOptions {
  /** Such as `POST /v1/orders`: without ids, since it groups spans. */
  name: string;
  kind: SpanKind;
  /** The service, named as the instrumentation scope of the span. */
  service: string;
  /** The current work when absent. */
  parent?: Context;
  /** Those of the parent when absent. */
  fields?: Fields;
  links?: Link[];
}

// The API makes a tracer at each request for one; it finds an SDK that comes later all the same.
const tracers = new Map<string, Tracer>();

function tracerOf(service: string): Tracer {
  const known = tracers.get(service);
  if (known !== undefined) return known;
  const tracer = trace.getTracer(`orderbell.${service}`);
  tracers.set(service, tracer);
  return tracer;
}

/** Starts a span, which `endSpan` ends. Without a parent it begins a new trace. */
export function startSpan(options: WorkOptions): Span {
  const { parent = context.active() } = options;
  return openSpan(options, parent, options.fields ?? fieldsOf(parent));
}

function openSpan(options: WorkOptions, parent: Context, fields: Fields | undefined): Span {
  const { name, kind, service, links } = options;
  const span = tracerOf(service).startSpan(name, { kind, ...(links && { links }) }, parent);
  if (span.isRecording()) span.setAttributes(fields ?? {});
  // Otherwise nobody records, and the work has no trace yet.
  return span.spanContext().traceId === INVALID_TRACEID ? trace.wrapSpanContext(newTrace()) : span;
}

/** Starts a span for work that is run in its context. */
export function startWork(options: WorkOptions): Work {
  const { parent = context.active() } = options;
  const fields = options.fields ?? fieldsOf(parent) ?? {};
  const span = openSpan(options, parent, fields);
  const { traceId } = span.spanContext();
  return { context: new WorkContext(parent, span, fields), span, traceId, fields };
}

/** The context of a piece of work. One of the API would copy a map for each of its values. */
class WorkContext implements Context {
  readonly #parent: Context;
  readonly #span: Span;
  readonly #fields: Fields;

  constructor(parent: Context, span: Span, fields: Fields) {
    // Nothing of another work is seen through this one, and a loop would grow a chain of them.
    this.#parent = parent instanceof WorkContext ? parent.#parent : parent;
    this.#span = span;
    this.#fields = fields;
  }

  getValue(key: symbol): unknown {
    if (key === FIELDS) return this.#fields;
    return key === SPAN ? this.#span : this.#parent.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return this.#copy().setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return this.#copy().deleteValue(key);
  }

  #copy(): Context {
    return this.#parent.setValue(SPAN, this.#span).setValue(FIELDS, this.#fields);
  }
}

const fieldsOf = (each: Context) => each.getValue(FIELDS) as Fields | undefined;

/** Work without a span of its own, such as an answer to monitoring. */
export function startUnrecorded(parent: Context): Work {
  const span = trace.wrapSpanContext(trace.getSpanContext(parent) ?? newTrace());
  const { traceId } = span.spanContext();
  const fields = {};
  const entered = trace.setSpan(ROOT_CONTEXT, span).setValue(FIELDS, fields);
  return { context: entered, span, traceId, fields };
}

/** Ends a span. @param failed whether it is shown as an error */
export function endSpan(span: Span, failed: boolean, attributes?: Attributes): void {
  if (!span.isRecording()) return;
  if (attributes !== undefined) span.setAttributes(attributes);
  // Without a text: error messages can contain addresses of customers.
  if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

/** Runs work in a span of its own, which ends with it. */
export async function inWork<T>(options: WorkOptions, run: (work: Work) => Promise<T>): Promise<T> {
  const work = startWork(options);
  try {
    const result = await context.with(work.context, run, undefined, work);
    endSpan(work.span, false);
    return result;
  } catch (error) {
    endSpan(work.span, true);
    throw error;
  }
}

/**
 * Runs one piece of work for several others, such as a statement for many orders. Its span is in
 * the trace of the first one that is recorded, and links to the others.
 */
export function inSharedWork<T>(
  contexts: readonly Context[],
  options: Pick<WorkOptions, 'name' | 'service'>,
  run: () => Promise<T>,
): Promise<T> {
  const [first, ...others] = contexts.filter(isSampled);
  if (first === undefined) return context.with(ROOT_CONTEXT, run);
  const links = others.map((each) => ({ context: trace.getSpanContext(each) as SpanContext }));
  const parent = trace.setSpanContext(ROOT_CONTEXT, trace.getSpanContext(first) as SpanContext);
  return inWork({ ...options, kind: SpanKind.INTERNAL, parent, links }, run);
}

/** Whether the caller of this work records its trace. */
export function isSampled(each: Context): boolean {
  return ((trace.getSpanContext(each)?.traceFlags ?? 0) & TraceFlags.SAMPLED) !== 0;
}

/**
 * The parent of a request's or message's work, from its headers. An instrumentation that was loaded
 * before us has made a span of the request already: ours is a child of that one.
 */
export function parentOf(headers: TraceHeaders): Context {
  const remote = readTraceHeaders(headers);
  const active = context.active();
  const local = active.getValue(FIELDS) === undefined ? trace.getSpanContext(active) : undefined;
  // In another trace the instrumentation could not read the header, or the connection's former
  // request is still active.
  if (local !== undefined && (remote === null || local.traceId === remote.traceId)) return active;
  return remote === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote);
}

/** Whether the parent is in this process: then an instrumentation made the span of the request. */
export function isLocal(parent: Context): boolean {
  const position = trace.getSpanContext(parent);
  return position !== undefined && position.isRemote !== true;
}

/** The context of a stored `traceparent`; null begins a new trace. */
export function contextOf(traceparent: string | null): Context {
  const position = readTraceHeaders({ traceparent: traceparent ?? undefined });
  return position === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, position);
}

/** The current position in the trace; a new one outside of all work. */
export function currentPosition(): SpanContext {
  return trace.getSpanContext(context.active()) ?? newTrace();
}

/** `traceparent` of the current work, to be stored with what continues it later. */
export function currentTraceparent(): string {
  return traceparentOf(currentPosition());
}

/** Adds ids to the current work: to its span, and to its log lines from now on. */
export function annotate(ids: Fields): void {
  const fields = fieldsOf(context.active());
  if (fields === undefined) return;
  Object.assign(fields, ids);
  trace.getActiveSpan()?.setAttributes(ids);
}

/** Adds what came of the current work to its span. @param failed as of `endSpan` */
export function describeOutcome(attributes: Attributes, failed: boolean): void {
  const span = trace.getActiveSpan();
  span?.setAttributes(attributes);
  if (failed) span?.setStatus({ code: SpanStatusCode.ERROR });
}

/** Members of a log line of the current work. */
export function currentFields(): Fields {
  const active = context.active();
  const fields = fieldsOf(active);
  if (fields === undefined) return {};
  return { traceId: trace.getSpanContext(active)?.traceId as string, ...fields };
}

/** Runs a request that has its span and its headers, so that an instrumentation adds no second. */
export function withoutInstrumentation<T>(run: () => T): T {
  return context.with(context.active().setValue(SUPPRESSED, true), run);
}
