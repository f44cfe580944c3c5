import { runService } from '#platform/run.ts';
import { NotificationsConfig, startNotifications } from './service.ts';

await runService('notifications', NotificationsConfig, startNotifications);
