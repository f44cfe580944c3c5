/**
 * Reads a service's `/metrics`.
 * @returns the values by name and labels, as printed, of names that begin with `beginning`
 */
export async function readMetrics(url: string, beginning = ''): Promise<Record<string, number>> {
  const answer = await fetch(`${url}/metrics`);
  if (answer.status !== 200) throw new Error(`/metrics answered ${answer.status}`);
  const lines = (await answer.text()).split('\n');
  const values = lines.filter((line) => line.startsWith(beginning) && /^[a-z]/.test(line));
  return Object.fromEntries(
    values.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}
