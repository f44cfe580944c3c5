import { runService } from '#platform/service/run.ts';
import { OrdersConfig, startOrders } from './service.ts';

await runService('orders', OrdersConfig, startOrders);
