using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Init;

/// <summary>Creates the text of the new configuration file and writes it.</summary>
internal static class InitFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int MaxNameLength = 32;

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] YesNoWords = ["is", "are", "was", "does", "do", "did", "has", "have", "can", "could"];

    /// <summary>The file's text: the answers, with comments where users usually change something next.</summary>
    public static string Text(InitAnswers answers)
    {
        var text = new StringBuilder();
        text.AppendLine("{");
        text.AppendLine(DocumentationPages.Find("configuration.md") is { } page
            ? $"  // Written by 'mobilevlm init'. Every key with its default: {page}"
            : "  // Written by 'mobilevlm init'.");
        text.AppendLine($"  {Json(EdgeOptions.Section)}: {{");
        if (answers.Node is { } node)
        {
            text.AppendLine($"    \"Node\": {Json(node)},");
        }

        if (answers.StateFolder is { } state)
        {
            text.AppendLine("    // States, cool-downs, switches and waiting events survive a restart in this folder.");
            text.AppendLine($"    \"StateFolder\": {Json(state)},");
        }

        text.AppendLine($"    \"Model\": {{ \"Path\": {Json(answers.Model)} }},");
        text.AppendLine($"    \"Mqtt\": {{ {string.Join(", ", Mqtt(answers))} }},");
        if (answers.Listen is { } listen)
        {
            text.AppendLine("    // The live page and the API. The service creates the token file at its first start.");
            var tokens = answers.TokenFile is { } tokenFile ? $", \"TokenFile\": {Json(tokenFile)}" : "";
            text.AppendLine($"    \"Http\": {{ \"Listen\": {Json(listen)}{tokens} }},");
        }

        text.AppendLine("    \"Cameras\": {");
        text.AppendJoin($",{Environment.NewLine}", answers.Cameras.Select(it => Camera(it, answers.Question)));
        text.AppendLine();
        text.AppendLine("    }");
        text.AppendLine("  }");
        text.AppendLine("}");
        return text.ToString();
    }

    /// <summary>Builds a question's name in topics from its words.</summary>
    public static string NameOf(string question)
    {
        if (question == InitAnswers.DefaultQuestion)
        {
            return "person";
        }

        var name = new string([.. question.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')]);
        name = string.Join('_', name.Split('_', StringSplitOptions.RemoveEmptyEntries));
        name = name.Length > MaxNameLength ? name[..MaxNameLength].TrimEnd('_') : name;
        return name.Length > 0 ? name : "question";
    }

    /// <summary>Writes the configuration so that only its owner can read it, because addresses of cameras hold passwords. An
    /// existing file keeps its owner and group and is copied to a file beside it first.</summary>
    /// <returns>The path of the copy; null if the file did not exist.</returns>
    public static string? Write(string file, string text)
    {
        if (!File.Exists(file))
        {
            WriteSecret(file, text);
            return null;
        }

        var copy = $"{file}.bak";
        File.Copy(file, copy, overwrite: true);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, File.GetUnixFileMode(file) & ~(UnixFileMode.OtherRead | UnixFileMode.OtherWrite));
        }

        File.WriteAllText(file, text);
        return copy;
    }

    /// <summary>Writes a new file that only its owner can read from the moment of its creation.</summary>
    public static void WriteSecret(string file, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using var stream = new FileStream(file, options);
        stream.Write(Encoding.UTF8.GetBytes(text));
    }

    private static IEnumerable<string> Mqtt(InitAnswers answers)
    {
        yield return $"\"Broker\": {Json(answers.Broker)}";
        foreach (var (key, value) in ((string, string?)[])[("User", answers.User), ("PasswordFile", answers.PasswordFile), ("CaFile", answers.CaFile)])
        {
            if (value is not null)
            {
                yield return $"\"{key}\": {Json(value)}";
            }
        }
    }

    private static string Camera(InitCamera camera, string question)
    {
        var yesNo = YesNoWords.Contains(question.Split(' ')[0].ToLowerInvariant());
        return $$"""
                  {{Json(camera.Name)}}: {
                    "Source": {{Json(camera.Source)}},{{(camera.PasswordFile is { } file ? $" \"PasswordFile\": {Json(file)}," : "")}}
                    "Questions": {
                      // Answers arrive under mobilevlm/NODE/{{camera.Name}}/{{NameOf(question)}}/state. Add more questions here.
                      {{Json(NameOf(question))}}: { "Ask": {{Json(question)}}, "Answer": "{{(yesNo ? "YesNo" : "Text")}}", "Every": "{{(yesNo ? "00:00:02" : "00:00:30")}}" }
                    }
                  }
            """;
    }

    private static string Json(string text) => JsonSerializer.Serialize(text, Readable);
}
