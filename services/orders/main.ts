import { runService } from '#platform/run.ts';
import { OrdersConfig, startOrders } from './service.ts';

await runService('orders', OrdersConfig, startOrders);
