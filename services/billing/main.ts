import { runService } from '#platform/service/run.ts';
import { BillingConfig, startBilling } from './service.ts';

await runService('billing', BillingConfig, startBilling);
