import { runService } from '#platform/run.ts';
import { ProfilesConfig, startProfiles } from './service.ts';

await runService('profiles', ProfilesConfig, startProfiles);
