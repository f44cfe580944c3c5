import { runService } from '#platform/run.ts';
import { GatewayConfig, startGateway } from './service.ts';

await runService('gateway', GatewayConfig, startGateway);
