import { runMigrations } from '../../postgres/run-migrations.ts';
import { BROKER_DATABASE } from './embedded.ts';

await runMigrations({ name: 'broker', database: BROKER_DATABASE });
