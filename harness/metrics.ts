/**
 * Reads a service's `/metrics`.
 * @returns the values by name and labels, as printed, of names that begin with `beginning`
 */
export async function readMetrics(url: string, beginning = ''): Promise<Record<string, number>> {
  const answer = await fetch(`${url}/metrics`);
  if (answer.status !== 200) throw new Error(`/metrics answered ${answer.status}`);
  const lines = [...(await answer.text()).matchAll(/^([a-z].*) (\S+)$/gm)];
  const values = lines.map(([, name = '', value]) => [name, Number(value)] as const);
  return Object.fromEntries(values.filter(([name]) => name.startsWith(beginning)));
}
