import { createLog } from '#platform/log.ts';
import type { RunningService } from '#platform/service.ts';
import { type NotificationsConfig, startNotifications } from '#services/notifications/service.ts';

/** Notifications, for a thread of its own. */
export function start(options: {
  config: NotificationsConfig;
  level: string;
}): Promise<RunningService> {
  return startNotifications(options.config, createLog('notifications', options.level));
}
