import { runMigrations } from '#platform/postgres/run-migrations.ts';
import { service } from './service.ts';

await runMigrations(service);
