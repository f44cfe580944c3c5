import { runService } from '#platform/service/run.ts';
import { NotificationsConfig, startNotifications } from './service.ts';

await runService('notifications', NotificationsConfig, startNotifications);
