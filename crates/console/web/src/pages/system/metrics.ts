/** The Prometheus text of `/metrics`, read for the few figures a duty officer asks for. */

export type Sample = { name: string; labels: Record<string, string>; value: number };

export function parse(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const found = line.match(/^([a-z_]+)(?:\{(.*)\})? (\S+)/);
    if (!found) return [];
    const labels = Object.fromEntries([...(found[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((pair) => [pair[1] ?? "", pair[2] ?? ""]));
    return [{ name: found[1] ?? "", labels, value: Number(found[3]) }];
  });
}

/** The sum over all labels; `null` where the service does not say. */
export function sum(samples: Sample[], name: string): number | null {
  const found = samples.filter((sample) => sample.name === name);
  return found.length === 0 ? null : found.reduce((total, { value }) => total + value, 0);
}

/** The mean of a histogram, in its own unit. */
export function mean(samples: Sample[], name: string): number | null {
  const [total, count] = [sum(samples, `${name}_sum`), sum(samples, `${name}_count`)];
  return total === null || !count ? null : total / count;
}

/** The values of one label, largest first; those at zero are left out. */
export function by(samples: Sample[], name: string, label: string): [string, number][] {
  return samples
    .filter((sample) => sample.name === name && sample.value > 0)
    .map((sample): [string, number] => [sample.labels[label] ?? "", sample.value])
    .sort((a, b) => b[1] - a[1]);
}
