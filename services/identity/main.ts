import { runService } from '#platform/service/run.ts';
import { IdentityConfig, startIdentity } from './service.ts';

await runService('identity', IdentityConfig, startIdentity);
