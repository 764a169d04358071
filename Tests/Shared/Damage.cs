using System.Globalization;
using System.Text;

namespace MobileVlm.Edge.Tests.Shared;

/// <summary>Damages valid input for fuzz runs; the same seed gives the same inputs. Some changes respect the structure of JSON, so
/// that parsers do not always stop at the first brace.</summary>
internal sealed class Damage(int seed)
{
    private static readonly string[] Scraps =
    [
        "null", "true", "-1", "0", "1e999", "-0.0", "18446744073709551616", "9223372036854775807", "0.1e-400", "\"\"", "\"\\ud800\"",
        "\"\\u0000\"", "{}", "[]", "[[]]", "{\"a\":{}}", "//", "/*", ",", ":", "\"", "}", "]", "\\", "\u202e", "\ufeff", "é", "🚪", "$SYS/#", "+/#",
        "../../etc/passwd", "NaN", "00:00:00", "99999.23:59:59", "-00:00:01", "\t", "\r\n",
    ];

    private readonly Random _random = new(seed);

    /// <summary>The factor by which fuzz runs are longer, from the environment variable <c>MOBILEVLM_FUZZ</c>.</summary>
    public static int Longer { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("MOBILEVLM_FUZZ"), CultureInfo.InvariantCulture, out var times) ? times : 1;

    /// <summary>Returns one of the valid inputs with one to four changes.</summary>
    public byte[] Of(IReadOnlyList<byte[]> good)
    {
        var bytes = new List<byte>(good[_random.Next(good.Count)]);
        for (var changes = _random.Next(1, 5); changes > 0; changes--)
        {
            Change(bytes, good);
        }

        return [.. bytes];
    }

    /// <inheritdoc cref="Of(IReadOnlyList{byte[]})"/>
    public byte[] Of(IReadOnlyList<string> good) => Of([.. good.Select(Encoding.UTF8.GetBytes)]);

    private void Change(List<byte> bytes, IReadOnlyList<byte[]> good)
    {
        var at = _random.Next(bytes.Count + 1);
        switch (_random.Next(9))
        {
            case 0 when bytes.Count > 0:
                bytes[_random.Next(bytes.Count)] ^= (byte)(1 << _random.Next(8));
                break;
            case 1 when bytes.Count > 0:
                bytes[_random.Next(bytes.Count)] = (byte)_random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, _random.Next(Math.Min(bytes.Count - at, 40) + 1));
                break;
            case 3:
                bytes.InsertRange(_random.Next(bytes.Count + 1), [.. bytes.Skip(at).Take(_random.Next(60))]);
                break;
            case 4:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 5:
                var depth = _random.Next(1, 3000);
                bytes.InsertRange(at, Enumerable.Repeat((byte)(_random.Next(2) == 0 ? '[' : '{'), depth));
                break;
            case 6:
                var other = good[_random.Next(good.Count)];
                bytes.InsertRange(at, [.. other.Skip(_random.Next(other.Length + 1)).Take(80)]);
                break;
            case 7:
                Replace(bytes);
                break;
            default:
                bytes.InsertRange(at, Encoding.UTF8.GetBytes(Scraps[_random.Next(Scraps.Length)]));
                break;
        }
    }

    /// <summary>Replaces a value of a JSON object, so that the rest stays intact.</summary>
    private void Replace(List<byte> bytes)
    {
        var colons = Enumerable.Range(0, bytes.Count).Where(i => bytes[i] == (byte)':').ToList();
        if (colons.Count == 0)
        {
            return;
        }

        var from = colons[_random.Next(colons.Count)] + 1;
        var to = bytes.FindIndex(from, b => b is (byte)',' or (byte)'}');
        bytes.RemoveRange(from, (to < 0 ? bytes.Count : to) - from);
        bytes.InsertRange(from, Encoding.UTF8.GetBytes(Scraps[_random.Next(Scraps.Length)]));
    }
}
