import { CONNECTION_LOADS } from './connection-loads.ts';
import type { HostileLoad } from './context.ts';
import { MAIL_LOADS } from './mail-loads.ts';
import { REQUEST_LOADS } from './request-loads.ts';

export const HOSTILE_LOADS: HostileLoad[] = [...CONNECTION_LOADS, ...REQUEST_LOADS, ...MAIL_LOADS];
