// Medians and quartiles as 'mobilevlm bench' has them, and the same members.
export function spread(samples) {
    const sorted = [...samples].sort((a, b) => a - b);
    const at = share => {
        const position = share * (sorted.length - 1), below = Math.floor(position), above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    };
    return { median: at(0.5), min: sorted[0], lowerQuartile: at(0.25), upperQuartile: at(0.75), max: sorted.at(-1), samples };
}

export const median = samples => spread(samples).median;

// About three significant digits.
export function number(value) {
    return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}
