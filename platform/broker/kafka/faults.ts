import { GenericError } from '@platformatic/kafka';
import { OperatorError } from '../../errors.ts';
import { tlsFaultOf } from '../../tls-fault.ts';
import { pageAt } from '../../values/program.ts';
import type { KafkaConnection } from './client.ts';

/** The subject of a failed request. */
export interface Subject {
  topic?: string;
  group?: string;
  /** The error that ended its connection. */
  lost?: Error | undefined;
}

interface FaultContext extends Subject {
  connection: KafkaConnection;
  /** Every error of the fault, the outermost first. */
  errors: KafkaError[];
}

/** The members that errors of the library, of TLS and of the network have. */
type KafkaError = Error & {
  code?: string;
  reason?: string;
  host?: string;
  apiId?: string;
  serverErrorMessage?: string | null;
  response?: { mechanisms?: string[] };
};

const ERRORS_MAX = 30;
const API = /executing API (\w+)/;
const BROKER = /Connection to (\S+) failed/;
const RIGHTS = `${pageAt('docs/how-to/own-kafka.md')} lists the rights`;

/** The right on a topic that each request needs. */
const TOPIC_RIGHTS: Record<string, string> = {
  CreateTopics: 'Create',
  InitProducerId: 'Write',
  Produce: 'Write',
  Fetch: 'Read',
  OffsetCommit: 'Read',
};

/**
 * An error of the library as a sentence that names its cause and the remedy. Other errors, such as
 * time-outs of ours, stay as they are.
 */
export function explainFault(
  error: unknown,
  connection: KafkaConnection,
  subject: Subject = {},
): unknown {
  if (!(error instanceof Error) || !GenericError.isGenericError(error as GenericError)) {
    return error;
  }
  const errors: KafkaError[] = [];
  collect(error, errors);
  collect(subject.lost, errors);
  // An error of ours, such as a refused token request, explains itself.
  const ours = errors.find((each) => each instanceof OperatorError);
  if (ours !== undefined) return ours;
  const context = { ...subject, connection, errors };
  const sentence = ofProtocol(context) ?? ofTls(context);
  if (sentence !== null) return new OperatorError(sentence);
  const hint = ofLogin(context) ?? ofClosedConnection(context);
  if (hint !== null) return new Error(hint, { cause: error });
  const protocol = errors.find(({ apiId }) => apiId !== undefined);
  if (protocol === undefined) return error;
  const text = protocol.serverErrorMessage || protocol.message;
  return new Error(`Kafka answered ${protocol.apiId} to ${apiOf(errors)}: ${text}`);
}

function collect(error: unknown, into: KafkaError[]): void {
  if (!(error instanceof Error) || into.length >= ERRORS_MAX || into.includes(error)) return;
  into.push(error);
  if (error instanceof AggregateError) for (const each of error.errors) collect(each, into);
  collect(error.cause, into);
}

/** Explains an error that Kafka answered. */
function ofProtocol(context: FaultContext): string | null {
  const { connection, errors, topic, group } = context;
  const user = userOf(connection);
  const find = (id: string) => errors.find(({ apiId }) => apiId === id);
  const api = apiOf(errors);
  if (find('TOPIC_AUTHORIZATION_FAILED')) {
    const right = TOPIC_RIGHTS[api] ?? 'Describe';
    return (
      `Kafka refuses ${user} the right ${right} on topic ${topic} ` +
      `(TOPIC_AUTHORIZATION_FAILED); ${RIGHTS}`
    );
  }
  if (find('GROUP_AUTHORIZATION_FAILED')) {
    return (
      `Kafka refuses ${user} the right Read on group ${group} (GROUP_AUTHORIZATION_FAILED); ` +
      `${RIGHTS}`
    );
  }
  if (find('CLUSTER_AUTHORIZATION_FAILED')) {
    const right =
      api === 'InitProducerId' ? `Write on topic ${topic}` : `for ${api} on the cluster`;
    return `Kafka refuses ${user} the right ${right} (CLUSTER_AUTHORIZATION_FAILED); ${RIGHTS}`;
  }
  const login = find('SASL_AUTHENTICATION_FAILED');
  if (login) {
    const said = login.serverErrorMessage ? `: ${login.serverErrorMessage}` : '';
    return (
      `Kafka does not let ${user} in (SASL_AUTHENTICATION_FAILED${said}); ` +
      `${loginRemedyOf(connection)}`
    );
  }
  const refused = errors.find(({ message }) => message.startsWith('token refused'));
  if (refused)
    return `Kafka does not let ${user} in (${refused.message}); ${loginRemedyOf(connection)}`;
  if (find('UNSUPPORTED_SASL_MECHANISM')) {
    const offered = errors.find(({ response }) => response?.mechanisms)?.response?.mechanisms;
    const others = offered?.length ? `; it offers ${offered.join(', ')}` : '';
    return (
      `Kafka does not offer KAFKA_SASL_MECHANISM ${connection.sasl?.mechanism} ` +
      `(UNSUPPORTED_SASL_MECHANISM)${others}`
    );
  }
  return null;
}

/** Explains a fault of TLS. */
function ofTls(context: FaultContext): string | null {
  const { errors } = context;
  const broker = brokerOf(context);
  if (errors.some(({ message }) => message === 'Broker requires TLS.')) {
    return `${broker} expects TLS: set KAFKA_TLS=true, or the port of a listener without TLS`;
  }
  if (errors.some(({ message }) => message.startsWith('TLS handshake failed'))) {
    return (
      `${broker} does not answer with TLS: unset KAFKA_TLS, or set the port of a TLS ` +
      'listener in KAFKA_BROKERS'
    );
  }
  const fault = errors.find(({ code }) => tlsFaultOf(code) !== null);
  if (fault === undefined) return null;
  const { code = '', message, reason } = fault;
  switch (tlsFaultOf(code)) {
    case 'host':
      return (
        `the certificate of ${broker} is for other host names (${code}: ${reason?.trim()}); ` +
        "KAFKA_BROKERS and the broker's advertised.listeners must name one of them"
      );
    case 'time':
      return `the certificate of ${broker} is not valid at this time (${code}: ${message})`;
    case 'authority':
      return (
        `the certificate of ${broker} does not come from KAFKA_TLS_CA (${code}); set the ` +
        'certificate of its authority there'
      );
    case 'own-key':
      return `KAFKA_TLS_CERT or KAFKA_TLS_KEY is unusable, or they do not match (${code})`;
    default: {
      const client = /CERT|UNKNOWN_CA/.test(code);
      const remedy = client ? 'check KAFKA_TLS_CERT and KAFKA_TLS_KEY' : 'check KAFKA_TLS';
      return `${broker} ends the TLS handshake (${code}); ${remedy}`;
    }
  }
}

/** A listener without a login refuses it, and so does one while another login is renewed. */
function ofLogin(context: FaultContext): string | null {
  if (!context.errors.some(({ apiId }) => apiId === 'ILLEGAL_SASL_STATE')) return null;
  return (
    `${brokerOf(context)} refuses the login; if this repeats, its listener asks for none: ` +
    'unset KAFKA_SASL_MECHANISM, or set the port of another listener in KAFKA_BROKERS'
  );
}

/** A listener that expects something else closes the connection, and so does a stopping broker. */
function ofClosedConnection({ connection, errors }: FaultContext): string | null {
  if (!errors.some(({ message }) => message === 'Connection closed')) return null;
  const { tls, sasl } = connection;
  const inLogin = errors.some(({ message }) => message.startsWith('Cannot find a suitable SASL'));
  if (sasl !== undefined && !inLogin) return null;
  const missing = [
    tls === undefined && 'KAFKA_TLS=true',
    tls !== undefined && tls.cert === undefined && 'KAFKA_TLS_CERT',
    sasl === undefined && 'KAFKA_SASL_MECHANISM',
  ].filter(Boolean);
  if (missing.length === 0) return null;
  return (
    'the broker closed the connection; if this repeats, its listener may expect ' +
    `${missing.join(' or ')}`
  );
}

function loginRemedyOf({ sasl }: KafkaConnection): string {
  return sasl?.mechanism === 'OAUTHBEARER'
    ? 'the brokers must accept issuer, audience and expiry of the tokens from KAFKA_OAUTH_TOKEN_URL'
    : 'check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD';
}

function userOf({ sasl, user, tls }: KafkaConnection): string {
  if (user !== undefined) return `${sasl?.mechanism === 'OAUTHBEARER' ? 'client' : 'user'} ${user}`;
  return tls?.cert === undefined ? 'this anonymous client' : 'the certificate KAFKA_TLS_CERT';
}

function brokerOf({ errors, connection }: FaultContext): string {
  const named = errors.map(({ message }) => BROKER.exec(message)?.[1]).find(Boolean);
  return `broker ${named ?? connection.brokers.join(', ')}`;
}

function apiOf(errors: KafkaError[]): string {
  return errors.map(({ message }) => API.exec(message)?.[1]).find(Boolean) ?? 'a request';
}
