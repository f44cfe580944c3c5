import { runService } from '#platform/run.ts';
import { IdentityConfig, startIdentity } from './service.ts';

await runService('identity', IdentityConfig, startIdentity);
