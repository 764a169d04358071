using System.Text;
using CsCheck;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Tests.Models;

namespace MobileVlm.Edge.Inference.Tests.Text;

/// <summary>For any ids that a model generates, the text is valid Unicode: cut or lone bytes and ids outside the vocabulary
/// included.</summary>
public sealed class IncrementalDetokenizerFuzzTests
{
    private static readonly string[] Stops = ["\n", "USER", "😀", "\ufffd"];

    [Fact]
    public void Any_ids_become_text_that_UTF8_can_write()
    {
        var tokenizer = GoldenModel.Get("mobilevlm-v1").Tokenizer;
        var bytes = Enumerable.Range(0, 256).Select(value => tokenizer.PieceId($"<0x{value:X2}>") ?? 0).ToArray();
        var id = Gen.Frequency(
            (6, One(bytes)),
            (3, Gen.Int[0, tokenizer.Count - 1]),
            (1, One(-1, int.MinValue, int.MaxValue, tokenizer.Count, tokenizer.EndId, tokenizer.BeginId)));

        Gen.Select(id.Array[0, 200], Gen.Bool).Sample(
            (ids, stopped) =>
            {
                var reported = new StringBuilder();
                var text = new GenerationBuffer(
                    tokenizer, new GenerationOptions(ids.Length + 1, stopped ? Stops : null), piece => AssertWhole(piece, reported));
                var finish = (FinishReason?)null;
                foreach (var next in ids)
                {
                    finish = text.Push(next);
                    if (finish is not null)
                    {
                        break;
                    }
                }

                var written = text.End(finish ?? FinishReason.Length);
                Assert.Equal(written.Text, reported.ToString());
                AssertWhole(written.Text, new StringBuilder());
            },
            iter: 3000);
    }

    [Fact]
    public void Any_bytes_are_decoded_as_UTF8_with_one_replacement_for_each_invalid_byte()
    {
        var tokenizer = GoldenModel.Get("mobilevlm-v1").Tokenizer;
        var ids = Enumerable.Range(0, 256).Select(value => tokenizer.PieceId($"<0x{value:X2}>")!.Value).ToArray();

        Gen.Byte.Array[0, 40].Sample(
            bytes => Assert.Equal(Expected(bytes), tokenizer.Decode([ids['x'], .. bytes.Select(b => ids[b])])[1..]),
            iter: 3000);
    }

    /// <summary>By trial: the longest beginning of up to four bytes that is one character, else a replacement.</summary>
    private static string Expected(byte[] bytes)
    {
        var strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
        var text = new StringBuilder();
        for (var at = 0; at < bytes.Length;)
        {
            var length = Enumerable.Range(1, Math.Min(4, bytes.Length - at)).FirstOrDefault(n => IsOneCharacter(bytes.AsSpan(at, n)));
            text.Append(length == 0 ? "\ufffd" : strict.GetString(bytes, at, length));
            at += Math.Max(1, length);
        }

        return text.ToString();

        bool IsOneCharacter(ReadOnlySpan<byte> some)
        {
            try
            {
                return strict.GetString(some).EnumerateRunes().Count() == 1;
            }
            catch (DecoderFallbackException)
            {
                return false;
            }
        }
    }

    private static Gen<int> One(params int[] values) => Gen.Int[0, values.Length - 1].Select(at => values[at]);

    private static void AssertWhole(string piece, StringBuilder reported)
    {
        reported.Append(piece);
        Assert.Equal(piece, Encoding.UTF8.GetString(new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(piece)));
    }
}
