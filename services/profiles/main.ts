import { runService } from '#platform/service/run.ts';
import { ProfilesConfig, startProfiles } from './service.ts';

await runService('profiles', ProfilesConfig, startProfiles);
