/** One row of flights.ndjson. A delay is null for a flight that was cancelled or diverted. */
export interface Flight {
  year: number;
  month: number;
  day: number;
  dep_delay: number | null;
  arr_delay: number | null;
  carrier: string;
  flight: number;
  origin: string;
  dest: string;
}

/** What becomes of the flights of one object: all of one carrier, because the pipeline batches by carrier. */
export interface Summary {
  carrier: string;
  flights: number;
  cancelled: number;
  meanDepartureDelayMinutes: number | null;
  meanArrivalDelayMinutes: number | null;
  worst: { flight: string; date: string; route: string; arrivalDelayMinutes: number } | null;
  busiestRoute: { route: string; flights: number };
  source: string;
}

export function summarise(flights: Flight[], source: string): Summary {
  const routes = new Map<string, number>();
  let worst: Flight | null = null;
  for (const flight of flights) {
    const route = routeOf(flight);
    routes.set(route, (routes.get(route) ?? 0) + 1);
    if (flight.arr_delay !== null && flight.arr_delay > (worst?.arr_delay ?? -Infinity)) worst = flight;
  }
  const [route, count] = [...routes].reduce((best, next) => (next[1] > best[1] ? next : best));
  return {
    carrier: flights[0].carrier,
    flights: flights.length,
    cancelled: flights.filter((flight) => flight.dep_delay === null).length,
    meanDepartureDelayMinutes: mean(flights.map((flight) => flight.dep_delay)),
    meanArrivalDelayMinutes: mean(flights.map((flight) => flight.arr_delay)),
    worst: worst && {
      flight: `${worst.carrier} ${worst.flight}`,
      date: `${worst.year}-${twoDigits(worst.month)}-${twoDigits(worst.day)}`,
      route: routeOf(worst),
      arrivalDelayMinutes: worst.arr_delay as number,
    },
    busiestRoute: { route, flights: count },
    source,
  };
}

function routeOf(flight: Flight): string {
  return `${flight.origin}-${flight.dest}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/** The mean to one decimal place of the values that are there. */
function mean(values: (number | null)[]): number | null {
  const known = values.filter((value): value is number => value !== null);
  if (known.length === 0) return null;
  return Math.round((known.reduce((sum, value) => sum + value, 0) / known.length) * 10) / 10;
}
