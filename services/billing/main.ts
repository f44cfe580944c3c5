import { runService } from '#platform/run.ts';
import { BillingConfig, startBilling } from './service.ts';

await runService('billing', BillingConfig, startBilling);
