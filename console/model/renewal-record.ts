import type { Session } from './session.ts';

// The latest renewal of this browser. Tabs are processes: what one writes into localStorage, another
// may read late, also when it holds the lock by then. IndexedDB shows it at once.

interface RenewalRecord {
  /** The access token that was renewed; its refresh token is spent. */
  spent: string;
  session: Session;
}

const STORE = 'renewals';
const KEY = 'latest';

/** The session that replaced one with this access token; null when no tab has renewed that. */
export async function findRenewal(spent: string): Promise<Session | null> {
  const record = (await inStore('readonly', (store) => store.get(KEY))) as RenewalRecord | null;
  return record?.spent === spent ? record.session : null;
}

export async function storeRenewal(spent: string, session: Session): Promise<void> {
  await inStore('readwrite', (store) => store.put({ spent, session }, KEY));
}

/** After a sign-out no token stays in the browser. */
export async function forgetRenewal(): Promise<void> {
  await inStore('readwrite', (store) => store.delete(KEY));
}

/** @returns null also where the browser has no such storage: a single tab does not need it */
async function inStore(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest,
): Promise<unknown> {
  try {
    const opening = indexedDB.open('orderbell', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    const database = await resultOf(opening);
    try {
      return (await resultOf(work(database.transaction(STORE, mode).objectStore(STORE)))) ?? null;
    } finally {
      // It closes after its transactions.
      database.close();
    }
  } catch {
    return null;
  }
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
