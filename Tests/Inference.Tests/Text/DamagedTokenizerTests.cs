using CsCheck;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Tests.Models;

namespace MobileVlm.Edge.Inference.Tests.Text;

/// <summary>A tokenizer file is read by every start, reload and check of a configuration.</summary>
public sealed class DamagedTokenizerTests
{
    private static readonly Question Asked = new("มีคน <0x07> 😀 Is there a person?", AnswerKind.Choice) { Choices = ["red", "\ud800 blue"] };

    [Fact]
    public void With_any_bytes_changed_it_is_refused_as_a_model_folder_or_counts_tokens()
    {
        using var temporary = new TemporaryFolder();
        var model = GoldenModel.Get("mobilevlm-v1").Folder.FolderPath;
        Directory.CreateDirectory(temporary["model"]);
        File.Copy(Path.Combine(model, "model.json"), temporary["model/model.json"]);
        var tokenizer = File.ReadAllBytes(Path.Combine(model, "tokenizer.model"));
        var change = Gen.Select(Gen.Int[0, tokenizer.Length - 1], Gen.Byte);

        Gen.Select(change.Array[1, 20], Gen.Int[0, 9]).Sample(
            (changes, cut) =>
            {
                var damaged = tokenizer.ToArray();
                foreach (var (at, value) in changes)
                {
                    damaged[at] = value;
                }

                File.WriteAllBytes(temporary["model/tokenizer.model"], cut == 0 ? damaged[..changes[0].Item1] : damaged);
                try
                {
                    Assert.True(QuestionTokenCounter.Open(temporary["model"]).Count(Asked) > 0);
                }
                catch (ModelFolderException fault)
                {
                    Assert.Contains("tokenizer.model", fault.Message, StringComparison.Ordinal);
                }
            },
            iter: 300,
            threads: 1);
    }
}
