import { PRODUCT } from './import-rules.ts';
import { isTest, type Rule } from './imports.ts';

// Rules about what sources may say, imports aside (import-rules.ts).

const CLIENT_ADDRESS = 'platform/http/client-address.ts';

/** A client's address is read in one place: Fastify's is the nearest proxy, or what a client wrote. */
export const clientAddressInOnePlace: Rule = ({ path, text }) => {
  if (!PRODUCT.test(path) || isTest(path) || path === CLIENT_ADDRESS) return [];
  const found =
    /\b(?:request|req)\.ips?\b|\bremoteAddress\b|['"]x-forwarded-\w+|\btrustProxy: true/i.exec(
      text,
    );
  if (found === null) return [];
  return [`${path} has ${found[0]}: take clientAddressOf of #${CLIENT_ADDRESS} instead.`];
};

/** What writes to a terminal, and SQL for psql, which must not be changed. */
const PRINTERS = ['platform/telemetry/print.ts', 'cli/terminal/output.ts', 'dev/postgres/roles.ts'];

/** What is printed goes through one function, so that texts of others cannot steer a terminal. */
export const printedInOnePlace: Rule = ({ path, text }) => {
  const prints = PRODUCT.test(path) || path.startsWith('bench/');
  if (!prints || path.startsWith('console/') || isTest(path) || PRINTERS.includes(path)) return [];
  const found = /\bconsole\.\w+\(|\bstd(?:out|err)\.write\b/.exec(text);
  if (found === null) return [];
  return [
    `${path} has ${found[0]}: take print or printError of #platform/telemetry/print.ts, ` +
      'in cli/ those of terminal/output.ts.',
  ];
};

export const textRules: Record<string, Rule> = { clientAddressInOnePlace, printedInOnePlace };
