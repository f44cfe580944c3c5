import { runService } from '#platform/service/run.ts';
import { GatewayConfig, startGateway } from './service.ts';

await runService('gateway', GatewayConfig, startGateway);
