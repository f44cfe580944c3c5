import { existsSync } from 'node:fs';
import { loadEnvFile } from 'node:process';
import pg from 'pg';
import { type TSchema, Type } from 'typebox';
import { ConfigError, type Environment, loadConfig } from '#platform/config/load-config.ts';
import { SESSION_SETTINGS } from '#platform/postgres/connections.ts';
import { databaseSettings } from '#platform/postgres/service-database.ts';
import { printError } from '#platform/telemetry/print.ts';
import { DATABASES, databaseSetting } from '../system/databases.ts';

// `npm run database-roles`: prints the SQL for the roles, databases and grants that the URLs in the
// environment or in `.env` name. An administrator runs it by psql; running it again changes nothing.

/** The SQL for one database. */
export interface DatabaseRoles {
  name: string;
  /** Run in any database. */
  roles: string[];
  /** Unless the database exists. */
  createDatabase: string;
  /** Run in the database itself. */
  grants: string[];
}

interface Account {
  role: string;
  password: string;
  database: string;
}

/** The SQL for every database that a setting names. */
export function databaseRoles(env: Environment): DatabaseRoles[] {
  return DATABASES.flatMap((name) => {
    const urlName = databaseSetting(name);
    const ownerName = `${name.toUpperCase()}_MIGRATION_DATABASE_URL`;
    const all: Record<string, TSchema> = databaseSettings({ name, connectionsMax: 10 });
    const settings = [urlName, ownerName].map((each) => [
      each,
      Type.Optional(all[each] as TSchema),
    ]);
    const schema = Type.Object(Object.fromEntries(settings) as Record<string, TSchema>);
    const urls = loadConfig(name, schema, env) as Record<string, string | undefined>;
    const url = urls[urlName];
    if (url === undefined) return [];
    return [rolesOf(accountOf(url), accountOf(urls[ownerName] ?? url))];
  });
}

function accountOf(text: string): Account {
  const url = new URL(text);
  const [role = '', password = '', database = ''] = [
    url.username,
    url.password,
    url.pathname.slice(1),
  ].map(decodeURIComponent);
  return { role, password, database: database || role };
}

const { escapeIdentifier: name, escapeLiteral: text } = pg;

function rolesOf(service: Account, owner: Account): DatabaseRoles {
  const database = name(service.database);
  const [user, ownerRole] = [name(service.role), name(owner.role)];
  const isOwner = service.role === owner.role;
  return {
    name: service.database,
    roles: [
      ...roleStatements(owner),
      // An administrator who is no superuser may create a database only for a role of its own.
      `grant ${ownerRole} to current_user;`,
      ...(isOwner ? [] : roleStatements(service)),
    ],
    createDatabase: `create database ${database} owner ${ownerRole}`,
    grants: [
      `revoke all on database ${database} from public;`,
      `grant connect on database ${database} to ${user};`,
      ...(isOwner ? [] : grantsOf(user, ownerRole)),
      // Without a pooler a session asks for these itself.
      ...Object.entries(SESSION_SETTINGS).map(
        ([setting, value]) =>
          `alter role ${user} in database ${database} set ${setting} = ${value};`,
      ),
    ],
  };
}

function roleStatements({ role, password }: Account): string[] {
  const options = password === '' ? 'login' : `login password ${text(password)}`;
  return [
    `do $do$ begin create role ${name(role)}; exception when duplicate_object then null; end $do$;`,
    `alter role ${name(role)} ${options};`,
  ];
}

/** Rows only: the tables belong to the role that migrates. */
function grantsOf(user: string, owner: string): string[] {
  const [rows, numbers] = ['select, insert, update, delete', 'usage, select'];
  const narrowed = `revoke update, delete, truncate on public.audit_trail from ${user};`;
  const later = `alter default privileges for role ${owner} in schema public grant`;
  return [
    `grant usage on schema public to ${user};`,
    `grant ${rows} on all tables in schema public to ${user};`,
    `grant ${numbers} on all sequences in schema public to ${user};`,
    // Of the tables above, the audit trail takes new rows only.
    `do $do$ begin if to_regclass('public.audit_trail') is not null then ${narrowed} end if; end $do$;`,
    `${later} ${rows} on tables to ${user};`,
    `${later} ${numbers} on sequences to ${user};`,
  ];
}

/** A script for psql. */
export function psqlScript(databases: DatabaseRoles[]): string {
  return databases
    .flatMap(({ name: database, roles, createDatabase, grants }) => [
      `-- ${database}`,
      ...roles,
      `select ${text(createDatabase)}`,
      `  where not exists (select from pg_database where datname = ${text(database)}) \\gexec`,
      `\\connect ${name(database)}`,
      ...grants,
      '',
    ])
    .join('\n');
}

if (import.meta.main) {
  try {
    if (existsSync('.env')) loadEnvFile('.env');
    const databases = databaseRoles(process.env);
    if (databases.length === 0) {
      const names = DATABASES.map(databaseSetting).join(', ');
      printError(`no database is named: set ${names}, in the environment or in .env`);
      process.exitCode = 1;
    } else {
      console.log(`\\set ON_ERROR_STOP on\n${psqlScript(databases)}`);
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    printError(error.message);
    process.exitCode = 1;
  }
}
