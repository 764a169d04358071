using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MobileVlm.Edge.Inference.Images;

/// <summary>The two inner loops of the resampling for one width of vectors: 128 bits, which every processor has (SSE, NEON), 256 (AVX2)
/// and 512 bits (AVX-512). All give the same bits, because they add integers. Pointers, because rows are read beyond their end, by at
/// most <see cref="Slack"/> bytes, with weights of 0.</summary>
internal abstract unsafe class ResampleLoops
{
    /// <summary>Rows that <see cref="Rows"/> resamples together, so that weights are loaded once for all.</summary>
    public const int RowsTogether = 4;

    /// <summary>Bytes behind a row that may be read: the last group may hold one tap that counts, and loads are 32 bytes wide.</summary>
    public const int Slack = 32;

    /// <summary>Multiple of the bytes that <see cref="Column"/> writes.</summary>
    public const int ColumnBlock = 64;

    private static readonly ResampleLoops[] All = [new Resample512(), new Resample256(), new Resample128()];

    /// <summary>Those that this processor can run, the fastest first.</summary>
    public static IReadOnlyList<ResampleLoops> Supported { get; } = [.. All.Where(loops => loops.IsSupported)];

    protected abstract bool IsSupported { get; }

    /// <summary>Resamples <see cref="RowsTogether"/> rows of pixels along their length.</summary>
    /// <param name="sources">[4]: rows of three bytes per pixel.</param>
    /// <param name="targets">[4]: rows of four bytes per pixel, the last one without a meaning.</param>
    /// <param name="axis">The weights.</param>
    public abstract void Rows(byte** sources, uint** targets, ResampleAxis axis);

    /// <summary>Resamples one row of the result from the rows that <see cref="Rows"/> wrote.</summary>
    /// <param name="rows">The first row that counts.</param>
    /// <param name="stride">Bytes from row to row, a multiple of <see cref="ColumnBlock"/>.</param>
    /// <param name="weights">[count].</param>
    /// <param name="count">Rows that count.</param>
    /// <param name="start">[4]: the sum of each channel before the first row.</param>
    /// <param name="target">[stride].</param>
    public abstract void Column(byte* rows, int stride, int* weights, int count, int* start, byte* target);

    /// <summary>Writes a sum of four rows, [4] channels each, as one pixel to each row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(
        Vector128<int> a, Vector128<int> b, Vector128<int> c, Vector128<int> d, uint** targets, int at)
    {
        var pixels = Narrow(a, b, c, d).AsUInt32();
        targets[0][at] = pixels[0];
        targets[1][at] = pixels[1];
        targets[2][at] = pixels[2];
        targets[3][at] = pixels[3];
    }

    /// <summary>Sums in fixed point to 0..255. Without their fraction they fit 16 bits, so only the last step has to saturate.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Narrow(Vector128<int> a, Vector128<int> b, Vector128<int> c, Vector128<int> d)
    {
        var low = Vector128.Narrow(a >> PillowBicubic.PrecisionBits, b >> PillowBicubic.PrecisionBits);
        var high = Vector128.Narrow(c >> PillowBicubic.PrecisionBits, d >> PillowBicubic.PrecisionBits);
        return Vector128.NarrowWithSaturation(
            Vector128.Max(low, Vector128<short>.Zero).AsUInt16(), Vector128.Max(high, Vector128<short>.Zero).AsUInt16());
    }

    private sealed class Resample128 : ResampleLoops
    {
        protected override bool IsSupported => true;

        public override void Rows(byte** sources, uint** targets, ResampleAxis axis)
        {
            fixed (int* allWeights = axis.Weights, start = axis.Base)
            {
                for (var o = 0; o < axis.First.Length; o++)
                {
                    var weights = allWeights + (o * axis.TapsPerOutput);
                    var offset = 3 * axis.First[o];
                    var count = axis.Count[o];
                    var sum = Vector128.Load(start + (4 * o));
                    Store(
                        Row(sources[0] + offset, weights, count, sum),
                        Row(sources[1] + offset, weights, count, sum),
                        Row(sources[2] + offset, weights, count, sum),
                        Row(sources[3] + offset, weights, count, sum),
                        targets,
                        o);
                }
            }
        }

        public override void Column(byte* rows, int stride, int* weights, int count, int* start, byte* target)
        {
            var first = Vector128.Load(start);
            for (var x = 0; x < stride; x += Vector128<byte>.Count)
            {
                var (a, b, c, d) = (first, first, first, first);
                var row = rows + x;
                for (var i = 0; i < count; i++, row += stride)
                {
                    var weight = Vector128.Create(weights[i]);
                    var (low, high) = Vector128.Widen(Vector128.Load(row));
                    var (low0, low1) = Vector128.Widen(low);
                    var (high0, high1) = Vector128.Widen(high);
                    a += low0.AsInt32() * weight;
                    b += low1.AsInt32() * weight;
                    c += high0.AsInt32() * weight;
                    d += high1.AsInt32() * weight;
                }

                Narrow(a, b, c, d).Store(target + x);
            }
        }

        // Each pixel becomes four 32-bit channels. An index outside gives 0.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector128<int> Row(byte* pixels, int* weights, int count, Vector128<int> sum)
        {
            var (a, b, c) = (Vector128<int>.Zero, Vector128<int>.Zero, Vector128<int>.Zero);
            for (var i = 0; i < count; i += 4, pixels += 12)
            {
                var four = Vector128.Load(pixels);
                sum += Vector128.Shuffle(four, Vector128.Create((byte)0, 99, 99, 99, 1, 99, 99, 99, 2, 99, 99, 99, 99, 99, 99, 99))
                    .AsInt32() * weights[i];
                a += Vector128.Shuffle(four, Vector128.Create((byte)3, 99, 99, 99, 4, 99, 99, 99, 5, 99, 99, 99, 99, 99, 99, 99))
                    .AsInt32() * weights[i + 1];
                b += Vector128.Shuffle(four, Vector128.Create((byte)6, 99, 99, 99, 7, 99, 99, 99, 8, 99, 99, 99, 99, 99, 99, 99))
                    .AsInt32() * weights[i + 2];
                c += Vector128.Shuffle(four, Vector128.Create((byte)9, 99, 99, 99, 10, 99, 99, 99, 11, 99, 99, 99, 99, 99, 99, 99))
                    .AsInt32() * weights[i + 3];
            }

            return sum + a + (b + c);
        }
    }

    private sealed class Resample256 : ResampleLoops
    {
        protected override bool IsSupported => Avx2.IsSupported;

        // Two pixels in each half of a vector, as pairs of 16-bit values of one channel: what MultiplyAddAdjacent adds up.
        private static Vector256<byte> Pairs => Vector256.Create(
            0, 0x80, 3, 0x80, 1, 0x80, 4, 0x80, 2, 0x80, 5, 0x80, 0x80, 0x80, 0x80, 0x80,
            6, 0x80, 9, 0x80, 7, 0x80, 10, 0x80, 8, 0x80, 11, 0x80, 0x80, 0x80, 0x80, (byte)0x80);

        // The weights of the two pixels, in all pairs of a half.
        private static Vector256<byte> HighWeights => Vector256.Create(
            0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, (byte)7);

        private static Vector256<byte> LowWeights => Vector256.Create(
            8, 9, 10, 11, 8, 9, 10, 11, 8, 9, 10, 11, 8, 9, 10, 11,
            12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, (byte)15);

        public override void Rows(byte** sources, uint** targets, ResampleAxis axis)
        {
            // Locals and inlining on purpose: otherwise the inner loop calls functions for its constants.
            var (pairs, highWeights, lowWeights) = (Pairs, HighWeights, LowWeights);
            fixed (short* allGroups = axis.Groups)
            fixed (int* start = axis.Base)
            {
                var group = allGroups;
                for (var o = 0; o < axis.First.Length; o++, group = allGroups + (o * axis.GroupsPerOutput * ResampleAxis.GroupValues))
                {
                    byte* a = sources[0], b = sources[1], c = sources[2], d = sources[3];
                    var offset = 3 * axis.First[o];
                    var end = offset + (3 * axis.Count[o]);
                    Vector256<int> aHigh = default, bHigh = default, cHigh = default, dHigh = default;
                    Vector256<int> aLow = default, bLow = default, cLow = default, dLow = default;
                    for (; offset < end; offset += 3 * ResampleAxis.GroupTaps, group += ResampleAxis.GroupValues)
                    {
                        var both = Avx2.BroadcastVector128ToVector256((byte*)group);
                        var high = Avx2.Shuffle(both, highWeights).AsInt16();
                        var low = Avx2.Shuffle(both, lowWeights).AsInt16();
                        var pixels = Load(a + offset, pairs);
                        aHigh += Avx2.MultiplyAddAdjacent(pixels, high);
                        aLow += Avx2.MultiplyAddAdjacent(pixels, low);
                        pixels = Load(b + offset, pairs);
                        bHigh += Avx2.MultiplyAddAdjacent(pixels, high);
                        bLow += Avx2.MultiplyAddAdjacent(pixels, low);
                        pixels = Load(c + offset, pairs);
                        cHigh += Avx2.MultiplyAddAdjacent(pixels, high);
                        cLow += Avx2.MultiplyAddAdjacent(pixels, low);
                        pixels = Load(d + offset, pairs);
                        dHigh += Avx2.MultiplyAddAdjacent(pixels, high);
                        dLow += Avx2.MultiplyAddAdjacent(pixels, low);
                    }

                    var sum = Vector128.Load(start + (4 * o));
                    Store(sum + Sum(aHigh, aLow), sum + Sum(bHigh, bLow), sum + Sum(cHigh, cLow), sum + Sum(dHigh, dLow), targets, o);
                }
            }
        }

        public override void Column(byte* rows, int stride, int* weights, int count, int* start, byte* target)
        {
            var first = Vector256.Create(Vector128.Load(start));
            for (var x = 0; x < stride; x += Vector256<byte>.Count)
            {
                var (a, b, c, d) = (first, first, first, first);
                var row = rows + x;
                for (var i = 0; i < count; i++, row += stride)
                {
                    var weight = Vector256.Create(weights[i]);
                    a += Avx2.ConvertToVector256Int32(row) * weight;
                    b += Avx2.ConvertToVector256Int32(row + 8) * weight;
                    c += Avx2.ConvertToVector256Int32(row + 16) * weight;
                    d += Avx2.ConvertToVector256Int32(row + 24) * weight;
                }

                Narrow(a.GetLower(), a.GetUpper(), b.GetLower(), b.GetUpper()).Store(target + x);
                Narrow(c.GetLower(), c.GetUpper(), d.GetLower(), d.GetUpper()).Store(target + x + Vector128<byte>.Count);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<short> Load(byte* pixels, Vector256<byte> pairs) =>
            Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(pixels), pairs).AsInt16();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector128<int> Sum(Vector256<int> high, Vector256<int> low)
        {
            var sum = (high << ResampleAxis.LowBits) + low;
            return sum.GetLower() + sum.GetUpper();
        }
    }

    private sealed class Resample512 : ResampleLoops
    {
        protected override bool IsSupported => Avx512BW.IsSupported && Vector512.IsHardwareAccelerated;

        // Two pixels in each quarter of a vector, as pairs of 16-bit values of one channel. The fourth channel is never read.
        private static Vector512<short> Pairs => Vector512.Create(
            0, 3, 1, 4, 2, 5, 2, 5,
            6, 9, 7, 10, 8, 11, 8, 11,
            12, 15, 13, 16, 14, 17, 14, 17,
            18, 21, 19, 22, 20, 23, 20, 23);

        // The weights of the two pixels, in all pairs of a quarter, of two groups.
        private static Vector512<int> HighWeights => Vector512.Create(0, 0, 0, 0, 1, 1, 1, 1, 4, 4, 4, 4, 5, 5, 5, 5);

        private static Vector512<int> LowWeights => Vector512.Create(2, 2, 2, 2, 3, 3, 3, 3, 6, 6, 6, 6, 7, 7, 7, 7);

        public override void Rows(byte** sources, uint** targets, ResampleAxis axis)
        {
            // Locals and inlining on purpose: otherwise the inner loop calls functions for its constants.
            var (pairs, highWeights, lowWeights) = (Pairs, HighWeights, LowWeights);
            fixed (short* allGroups = axis.Groups)
            fixed (int* start = axis.Base)
            {
                var group = allGroups;
                for (var o = 0; o < axis.First.Length; o++, group = allGroups + (o * axis.GroupsPerOutput * ResampleAxis.GroupValues))
                {
                    byte* a = sources[0], b = sources[1], c = sources[2], d = sources[3];
                    var offset = 3 * axis.First[o];
                    var end = offset + (3 * axis.Count[o]);
                    Vector512<int> aHigh = default, bHigh = default, cHigh = default, dHigh = default;
                    Vector512<int> aLow = default, bLow = default, cLow = default, dLow = default;
                    for (; offset < end; offset += 6 * ResampleAxis.GroupTaps, group += 2 * ResampleAxis.GroupValues)
                    {
                        var both = Vector256.Load(group).AsInt32().ToVector512Unsafe();
                        var high = Avx512F.PermuteVar16x32(both, highWeights).AsInt16();
                        var low = Avx512F.PermuteVar16x32(both, lowWeights).AsInt16();
                        var pixels = Load(a + offset, pairs);
                        aHigh += Avx512BW.MultiplyAddAdjacent(pixels, high);
                        aLow += Avx512BW.MultiplyAddAdjacent(pixels, low);
                        pixels = Load(b + offset, pairs);
                        bHigh += Avx512BW.MultiplyAddAdjacent(pixels, high);
                        bLow += Avx512BW.MultiplyAddAdjacent(pixels, low);
                        pixels = Load(c + offset, pairs);
                        cHigh += Avx512BW.MultiplyAddAdjacent(pixels, high);
                        cLow += Avx512BW.MultiplyAddAdjacent(pixels, low);
                        pixels = Load(d + offset, pairs);
                        dHigh += Avx512BW.MultiplyAddAdjacent(pixels, high);
                        dLow += Avx512BW.MultiplyAddAdjacent(pixels, low);
                    }

                    var sum = Vector128.Load(start + (4 * o));
                    Store(sum + Sum(aHigh, aLow), sum + Sum(bHigh, bLow), sum + Sum(cHigh, cLow), sum + Sum(dHigh, dLow), targets, o);
                }
            }
        }

        public override void Column(byte* rows, int stride, int* weights, int count, int* start, byte* target)
        {
            var first = Vector512.Create(Vector256.Create(Vector128.Load(start)));
            for (var x = 0; x < stride; x += Vector512<byte>.Count)
            {
                var (a, b, c, d) = (first, first, first, first);
                var row = rows + x;
                for (var i = 0; i < count; i++, row += stride)
                {
                    var weight = Vector512.Create(weights[i]);
                    a += Avx512F.ConvertToVector512Int32(Vector128.Load(row)) * weight;
                    b += Avx512F.ConvertToVector512Int32(Vector128.Load(row + 16)) * weight;
                    c += Avx512F.ConvertToVector512Int32(Vector128.Load(row + 32)) * weight;
                    d += Avx512F.ConvertToVector512Int32(Vector128.Load(row + 48)) * weight;
                }

                Clip(a).Store(target + x);
                Clip(b).Store(target + x + 16);
                Clip(c).Store(target + x + 32);
                Clip(d).Store(target + x + 48);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<short> Load(byte* pixels, Vector512<short> pairs) =>
            Avx512BW.PermuteVar32x16(Avx512BW.ConvertToVector512Int16(Vector256.Load(pixels)), pairs);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector128<int> Sum(Vector512<int> high, Vector512<int> low)
        {
            var quarters = (high << ResampleAxis.LowBits) + low;
            var halves = quarters.GetLower() + quarters.GetUpper();
            return halves.GetLower() + halves.GetUpper();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector128<byte> Clip(Vector512<int> sum) => Avx512F.ConvertToVector128ByteWithSaturation(
            Vector512.Max(sum >> PillowBicubic.PrecisionBits, Vector512<int>.Zero).AsUInt32());
    }
}
