import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { IncomingMessage } from '../../broker/port/broker.ts';
import { describeError } from '../../errors.ts';
import { newTrace, readTraceHeaders, traceparentOf } from '../../telemetry/trace-context.ts';

/** An event of the consumed type. */
export interface ConsumedEvent<T> {
  /** CloudEvents id. A redelivered or redriven message has the same one. */
  id: string;
  data: T;
  partition: number;
  offset: bigint;
  /** W3C Trace Context of the consumer's work on the event. */
  traceparent: string;
}

/** The content of a message. */
export type Reading<T> =
  | { kind: 'event'; event: ConsumedEvent<T> }
  | { kind: 'poison'; error: string }
  | { kind: 'unknown-type'; type: string };

export interface EventFormat<S extends TSchema> {
  /** CloudEvents type of the events. */
  type: string;
  schema: S;
  /** Finds what a schema cannot say. @returns why the event is poison, else null */
  check?: (data: Static<S>) => string | null;
}

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
// Deeper values exhaust the stack of PostgreSQL's JSON parser. That error looks transient, so the
// message would come again without end and block its partition.
const NESTING_MAX = 64;

/** A reader of CloudEvents messages (Kafka binary mode) that hold JSON of this format. */
export function createReader<S extends TSchema>(
  format: EventFormat<S>,
): (message: IncomingMessage) => Reading<Static<S>> {
  const schema = Compile(format.schema as TSchema);

  function dataFault(data: unknown): string | null {
    if (isNestedDeeper(data, NESTING_MAX)) return `the value has over ${NESTING_MAX} levels`;
    if (schema.Check(data)) return format.check?.(data as Static<S>) ?? null;
    const [first] = schema.Errors(data);
    return `schema: ${first?.instancePath} ${first?.message}`;
  }

  return (message) => {
    const { headers, value, partition, offset } = message;
    const type = headers.ce_type?.toString();
    if (type === undefined) return poison('header ce_type is missing');
    if (type !== format.type) return { kind: 'unknown-type', type };
    const id = headers.ce_id?.toString();
    if (id === undefined || !UUID.test(id)) return poison('header ce_id is not a UUID');
    if (value === null) return poison('the message has no value');
    let data: unknown;
    try {
      data = JSON.parse(value.toString());
    } catch (error) {
      return poison(`the value is not JSON: ${describeError(error)}`);
    }
    const fault = dataFault(data);
    if (fault !== null) return poison(fault);
    // A malformed one begins a new trace, as W3C Trace Context asks: no reason to lose the event.
    const position = readTraceHeaders({ traceparent: headers.traceparent?.toString() });
    const traceparent = traceparentOf(position ?? newTrace());
    return {
      kind: 'event',
      event: { id, data: data as Static<S>, partition, offset, traceparent },
    };
  };
}

function poison(error: string): Reading<never> {
  return { kind: 'poison', error };
}

function isNestedDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isNestedDeeper(each, levels - 1));
}
