import type { Option } from 'commander';
import type { WebhookEndpoint, WebhookStatus } from '#contracts/webhooks.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import { type CommandContext, checkedId, SOME_ID } from '../terminal/command-context.ts';
import type { CommandRegistrar, Handler } from '../terminal/command-registrar.ts';
import { listOf, showOf } from '../views/list.ts';
import { endpointList, endpointText } from '../views/webhook.ts';
import { confirm } from './customer.ts';
import { addWebhookDeliveryCommands, hinting } from './webhook-delivery.ts';

const ADDRESS = 'https://shop.example.com/webhooks';

/** `operator webhooks …`: the endpoints of webhooks and their deliveries. */
export function addWebhookCommands(registrar: CommandRegistrar): void {
  const webhooks = registrar.group('webhooks', 'webhooks', [
    'operator webhooks list',
    `operator webhooks add ${ADDRESS} --description "Shop"`,
  ]);
  addEndpointCommands(webhooks);
  addWebhookDeliveryCommands(webhooks);
}

const example = (words: string) => [`operator webhooks ${words}`];

function addEndpointCommands({ add, choice, limit, option }: CommandRegistrar): void {
  const status = () => choice('--status <status>', 'optionWebhookStatus', STATUS_CHOICES);
  const description = () => option('--description <text>', 'optionDescription');
  const list = hinting(listOf('readWebhookEndpoints', endpointList));
  add('list', 'webhookList', list, example('list'), [limit()]);
  const show = showOf('readWebhookEndpoint', 'endpointId', endpointText);
  add('show <endpoint>', 'webhookShow', show, example(`show ${SOME_ID}`));
  const options: Option[] = [description().makeOptionMandatory(), status()];
  const addExample = example(`add ${ADDRESS} --description "Shop" --status Paid`);
  add('add <address>', 'webhookAdd', hinting(addEndpoint), addExample, options);
  const changeExample = example(`change ${SOME_ID} --description "Shop"`);
  const address = option('--address <url>', 'optionAddress');
  const changes = [address, description(), status()];
  add('change <endpoint>', 'webhookChange', change, changeExample, changes);
  add('enable <endpoint>', 'webhookEnable', turn('enabled'), example(`enable ${SOME_ID}`));
  add('disable <endpoint>', 'webhookDisable', turn('disabled'), example(`disable ${SOME_ID}`));
  const yes = option('--yes', 'optionYes');
  add('remove <endpoint>', 'webhookRemove', remove, example(`remove ${SOME_ID}`), [yes]);
  const rotate = showOf('rotateEndpointSecret', 'endpointId', endpointText);
  add('rotate <endpoint>', 'webhookRotate', rotate, example(`rotate ${SOME_ID}`));
}

const STATUSES: WebhookStatus[] = ['Paid', 'Cancelled'];
const STATUS_CHOICES = [...STATUSES, 'all'];

/** The statuses that an option names. */
const statusesOf = (given: WebhookStatus | 'all') => (given === 'all' ? STATUSES : [given]);

interface Changes {
  address?: string;
  description?: string;
  status?: WebhookStatus | 'all';
}

async function addEndpoint(
  context: CommandContext,
  { description, status = 'all' }: Changes & { description: string },
  url: string,
) {
  const body = { url, description, statuses: statusesOf(status) };
  const answer = await context.call('addWebhookEndpoint', { body });
  context.show(answer.text, () => endpointText(context, answer.body));
}

async function readEndpoint(context: CommandContext, id: string): Promise<WebhookEndpoint> {
  const params = { endpointId: checkedId(context, id) };
  return (await context.call('readWebhookEndpoint', { params })).body;
}

/** Reads an endpoint, and stores it with some members changed. */
async function put(
  context: CommandContext,
  id: string,
  changesTo: Partial<WebhookEndpoint>,
): Promise<void> {
  const { url, description, statuses, state } = await readEndpoint(context, id);
  const body = { url, description, statuses, state, ...changesTo };
  const answer = await context.call('changeWebhookEndpoint', { params: { endpointId: id }, body });
  context.show(answer.text, () => endpointText(context, answer.body));
}

async function change(
  context: CommandContext,
  { address, description, status }: Changes,
  id: string,
) {
  const changes = {
    ...(address !== undefined && { url: address }),
    ...(description !== undefined && { description }),
    ...(status !== undefined && { statuses: statusesOf(status) }),
  };
  if (Object.keys(changes).length === 0) {
    throw new CliError(EXIT.usage, context.say('nothingToChange'));
  }
  await put(context, id, changes);
}

const turn =
  (state: WebhookEndpoint['state']): Handler =>
  (context, _options, id: string) =>
    put(context, id, { state });

async function remove(context: CommandContext, { yes }: { yes?: true }, id: string) {
  const { description, url } = await readEndpoint(context, id);
  if (yes !== true) await confirm(context, context.say('askRemove', description, url));
  const answer = await context.call('removeWebhookEndpoint', { params: { endpointId: id } });
  context.show(answer.text, () => context.say('webhookRemoved'));
}
