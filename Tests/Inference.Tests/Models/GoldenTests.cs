using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Tests.Images;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Tests.Models;

/// <summary>Every number against what the reference implementation computes on the same checkpoint.</summary>
public sealed class GoldenTests
{
    /// <summary>Of the largest magnitude.</summary>
    private const double Tolerance = 1e-3;

    public static TheoryData<string, int> VisionCases()
    {
        var data = new TheoryData<string, int>();
        foreach (var name in (string[])["mobilevlm-v1", "mobilevlm-v2", "mobilevlm-v1-separate-tower"])
        {
            for (var i = 0; i < 3; i++)
            {
                data.Add(name, i);
            }
        }

        return data;
    }

    public static TheoryData<string, int> TextCases()
    {
        var data = new TheoryData<string, int>();
        foreach (var name in (string[])["mobilellama", "llama-gqa"])
        {
            for (var i = 0; i < 3; i++)
            {
                data.Add(name, i);
            }
        }

        return data;
    }

    [Fact]
    public void Every_case_of_every_golden_folder_is_tested()
    {
        var folders = Directory.GetDirectories(GoldenFolder.Path()).Where(d => File.Exists(Path.Combine(d, "expected.json"))).Select(d => Path.GetFileName(d)!);
        var tested = VisionCases().Concat(TextCases()).GroupBy(c => (string)c[0]).ToDictionary(g => g.Key, g => g.Count());
        Assert.Equal(5, tested.Count);
        Assert.All(folders.Where(name => name != FineTuneTests.Folder), name => Assert.Equal(GoldenCase.Load(name).Length, tested[name]));
    }

    [Theory]
    [MemberData(nameof(VisionCases))]
    public void Preprocessed_pixels_equal_the_reference(string name, int index)
    {
        var model = GoldenModel.Get(name);
        var expected = GoldenTensors.Load(name);
        var picture = TestPicture.Load(GoldenFolder.Path(name, GoldenCase.Load(name)[index].Image!));
        var vision = model.Folder.Manifest.Vision!;
        var preprocessor = new ImagePreprocessor(vision.ImageSize, vision.ImageMean, vision.ImageStd);

        var resized = new byte[3 * vision.ImageSize * vision.ImageSize];
        preprocessor.ResizeToSquare(picture.Image, resized);
        Assert.Equal(expected.Bytes($"case{index}.resized_u8").ToArray(), resized);

        var pixels = new float[resized.Length];
        preprocessor.Preprocess(picture.Image, pixels);
        Compare.Close(expected.Floats($"case{index}.pixel_values"), pixels, 1e-5);
    }

    [Theory]
    [MemberData(nameof(VisionCases))]
    public void Features_tokens_logits_and_answers_equal_the_reference(string name, int index)
    {
        var model = GoldenModel.Get(name);
        var expected = GoldenTensors.Load(name);
        var golden = GoldenCase.Load(name)[index];
        var picture = TestPicture.Load(GoldenFolder.Path(name, golden.Image!));

        float[] features;
        VisualTokens tokens;
        lock (model.VisionTurn)
        {
            features = model.Vision!.PatchFeatures(expected.Floats($"case{index}.pixel_values"));
            tokens = model.Vision.Encode(picture.Image);
        }

        Compare.Close(expected.Floats($"case{index}.patch_features"), features, Tolerance);
        using (tokens)
        {
            Compare.Close(expected.Floats($"case{index}.visual_tokens"), tokens.Values.Span, Tolerance);
            using var answerer = model.Answerer();
            Assert.Equal(golden.Before_ids!, answerer.PromptIdsBefore);
            Assert.Equal(golden.After_ids!, answerer.PromptIdsAfter(golden.Question!));

            answerer.PrefillPicture(tokens);
            Compare.Close(expected.Floats($"case{index}.first_logits"), answerer.FirstLogits(golden.Question!), Tolerance);
            var answer = answerer.Ask(new Question(golden.Question!, AnswerKind.Text, 24));
            Assert.Equal(golden.Greedy_ids, answer.TokenIds);
        }
    }

    [Theory]
    [MemberData(nameof(TextCases))]
    public void Text_alone_equals_the_reference(string name, int index)
    {
        var model = GoldenModel.Get(name);
        var golden = GoldenCase.Load(name)[index];
        int[] prompt = [model.Tokenizer.BeginId, .. model.Tokenizer.Encode(golden.Prompt!)];
        Assert.Equal(golden.Prompt_ids!, prompt);

        using var state = model.Decoder.CreateState(256);
        state.Append(prompt);
        var written = new TextGenerator(model.Tokenizer).Generate(
            state, Sampler.Greedy, new GenerationOptions(golden.Greedy_ids.Length));
        Assert.Equal(golden.Greedy_ids, written.TokenIds);
        Assert.Equal(golden.Text, written.Text);
    }
}
