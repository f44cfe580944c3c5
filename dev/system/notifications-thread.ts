import type { RunningService } from '#platform/service/internal-service.ts';
import { createLog } from '#platform/service/log.ts';
import { type NotificationsConfig, startNotifications } from '#services/notifications/service.ts';

/** Notifications, for a thread of its own. */
export function start(options: {
  config: NotificationsConfig;
  level: string;
}): Promise<RunningService> {
  return startNotifications(options.config, createLog('notifications', options.level));
}
