namespace MobileVlm.Edge.Inference.Tests.Text;

/// <summary>A test that needs LLaMA's own tokenizer, which its licence keeps out of this repository. It is reported as
/// skipped unless an environment variable names a folder with tokenizer.model and expected.json.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LlamaTokenizerFactAttribute : FactAttribute
{
    public const string Variable = "MOBILEVLM_LLAMA_TOKENIZER";

    public LlamaTokenizerFactAttribute()
    {
        if (!File.Exists(Path.Combine(Folder, "tokenizer.model")) || !File.Exists(Path.Combine(Folder, "expected.json")))
        {
            Skip = $"{Variable} names no folder with tokenizer.model and expected.json; LLaMA's tokenizer may not be published with this code.";
        }
    }

    public static string Folder => Environment.GetEnvironmentVariable(Variable) ?? "";
}
