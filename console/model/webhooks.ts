import { VISIBLE_TEXT } from '#contracts/patterns.ts';
import type { WebhookDelivery, WebhookEndpointData, WebhookStatus } from '#contracts/webhooks.ts';
import { ApiProblem } from './api.ts';

export const WEBHOOKS_PATH = '/operator/webhooks';
export const DELIVERIES_PATH = '/operator/webhooks/deliveries';
export const STATUSES: WebhookStatus[] = ['Paid', 'Cancelled'];
// All of them are one page of the API: there are at most 50.
export const ENDPOINTS_LIMIT = 100;

const URL_MAX = 2_000;
const DESCRIPTION_MAX = 100;
const VISIBLE = new RegExp(VISIBLE_TEXT, 'u');
const ASCII = /^[\x21-\x7e]+$/;

/** What is wrong with a form, by the names of its fields. */
export type EndpointFaults = Record<'url' | 'description' | 'statuses', boolean>;

/** Checks what needs no server. Whether an address may be used, the API decides. */
export function faultsOf({ url, description, statuses }: WebhookEndpointData): EndpointFaults {
  const length = [...description.trim()].length;
  return {
    url: addressIn(url) === null,
    description: !VISIBLE.test(description.trim()) || length > DESCRIPTION_MAX,
    statuses: statuses.length === 0,
  };
}

/** The form as the API takes it. */
export function dataOf({ url, description, statuses }: WebhookEndpointData): WebhookEndpointData {
  return {
    url: addressIn(url) ?? url,
    description: description.trim(),
    statuses: STATUSES.filter((status) => statuses.includes(status)),
  };
}

/** The address in a text, in ASCII as the API takes it; null without one. */
function addressIn(text: string): string | null {
  const typed = text.trim();
  if (!URL.canParse(typed)) return null;
  const { protocol, username, password, hash, href } = new URL(typed);
  if (!/^https?:$/.test(protocol) || username || password || hash) return null;
  const address = ASCII.test(typed) ? typed : href;
  return address.length <= URL_MAX ? address : null;
}

/** The number of the last attempt: the API lists the latest 50, so their count shows no new one. */
export function lastAttemptOf({ attempts }: WebhookDelivery): number {
  return attempts.at(-1)?.number ?? 0;
}

/** Whether a webhook has no new attempt yet. @param since the last one before */
export function isAwaited(delivery: WebhookDelivery, since: number): boolean {
  return delivery.state === 'delivering' || lastAttemptOf(delivery) <= since;
}

const SOON_MS = 500;
const LATER_MS = 5_000;

/** How soon to read a delivery again; null once it has ended. */
export function refreshOf(delivery: WebhookDelivery, since: number | null): number | null {
  if (since !== null && isAwaited(delivery, since)) return SOON_MS;
  if (delivery.state === 'delivering') return SOON_MS;
  return delivery.state === 'queued' ? LATER_MS : null;
}

/** A lost answer in words of this action: the general ones promise that it is done once. */
export function inWords(
  problem: ApiProblem | null,
  text: { title: string; detail: string },
): ApiProblem | null {
  if (problem === null || !problem.open || problem.own) return problem;
  return new ApiProblem({ ...problem.body, ...text, errors: [] }, true, problem.retryAfterMs);
}
