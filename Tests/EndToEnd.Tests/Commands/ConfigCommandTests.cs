using System.Text.Json;

namespace MobileVlm.Edge.EndToEnd.Tests.Commands;

/// <summary><c>mobilevlm config check</c> reports before a start what a start would report.</summary>
public sealed class ConfigCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-check-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_file_that_is_accepted_ends_with_a_verdict_and_opens_no_session()
    {
        var file = Write(DemoModel.Folder.FolderPath, "Is it night?");

        var check = await EdgeProcess.RunAsync("config", "check", file);

        Assert.Equal((0, "OK: 1 camera, 2 questions.\n", ""), (check.ExitCode, check.Output, check.Errors));
    }

    [Fact]
    public async Task A_question_that_cannot_fit_is_found_with_the_other_errors_as_text_and_as_JSON()
    {
        var file = Write(DemoModel.Folder.FolderPath, string.Concat(Enumerable.Repeat("มีคนอยู่ที่ประตูไหม ", 40)), ", \"Evry\": 1");

        var check = await EdgeProcess.RunAsync("config", "check", file);
        Assert.Equal((2, ""), (check.ExitCode, check.Output));
        Assert.Contains("MobileVlm:Cameras:gate:Questions:second:Evry: is not a known key; did you mean 'Every'?", check.Errors, StringComparison.Ordinal);
        Assert.Matches(@"MobileVlm:Cameras:gate:Questions:second:Ask: needs \d+ tokens .*\[line 5\]", check.Errors);
        Assert.DoesNotContain("มีคน", check.Errors, StringComparison.Ordinal);

        var json = await EdgeProcess.RunAsync("config", "check", file, "--json");
        Assert.Equal((2, ""), (json.ExitCode, json.Errors));
        using var document = JsonDocument.Parse(json.Output);
        Assert.False(document.RootElement.GetProperty("ok").GetBoolean());
        var errors = document.RootElement.GetProperty("errors");
        Assert.Equal(2, errors.GetArrayLength());
        Assert.All(errors.EnumerateArray(), error =>
        {
            Assert.Equal(5, error.GetProperty("line").GetInt32());
            Assert.StartsWith("MobileVlm:Cameras:gate:Questions:second:", error.GetProperty("key").GetString(), StringComparison.Ordinal);
            Assert.NotEqual("", error.GetProperty("message").GetString());
        });
    }

    [Fact]
    public async Task A_missing_model_is_a_warning_and_a_broken_file_is_an_error()
    {
        var missing = await EdgeProcess.RunAsync("config", "check", "--json", Write("/nowhere/model", "Is it night?"));
        using var document = JsonDocument.Parse(missing.Output);
        Assert.Equal(0, missing.ExitCode);
        Assert.True(document.RootElement.GetProperty("ok").GetBoolean());
        Assert.Equal((1, 2), (document.RootElement.GetProperty("cameras").GetInt32(), document.RootElement.GetProperty("questions").GetInt32()));
        Assert.Equal("MobileVlm:Model:Path", document.RootElement.GetProperty("warnings")[0].GetProperty("key").GetString());

        var file = Path.Combine(_folder, "broken.json");
        File.WriteAllText(file, "{ \"MobileVlm\": ");
        var broken = await EdgeProcess.RunAsync("config", "check", file);
        Assert.Equal((2, ""), (broken.ExitCode, broken.Output));
        Assert.Contains("is not valid JSON at line 1", broken.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_file_that_is_missing_is_an_error_and_a_credential_of_systemd_a_warning()
    {
        var mqtt = "\"Mqtt\": { \"Broker\": \"mqtt://127.0.0.1\", \"User\": \"edge\", \"PasswordFile\": \"{}\" }";
        foreach (var (path, code) in ((string, int)[])[("/nowhere/password", 2), (_folder, 2), ("credential:mqtt-password", 0)])
        {
            var file = Write(DemoModel.Folder.FolderPath, "Is it night?");
            File.WriteAllText(file, File.ReadAllText(file).Replace(
                "\"Mqtt\": { \"Broker\": \"embedded\" }", mqtt.Replace("{}", path, StringComparison.Ordinal), StringComparison.Ordinal));

            var check = await EdgeProcess.RunAsync("config", "check", file);

            Assert.Equal(code, check.ExitCode);
            Assert.Contains(code == 0 ? "warning: MobileVlm:Mqtt:PasswordFile" : "MobileVlm:Mqtt:PasswordFile", check.Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_unit_checks_the_file_before_it_signals_the_service()
    {
        var unit = File.ReadAllLines(Path.Combine(DemoModel.Repository, "Deploy", "systemd", "mobilevlm.service"));
        var reload = unit.Where(line => line.StartsWith("ExecReload=", StringComparison.Ordinal)).ToArray();
        var started = unit.Single(line => line.StartsWith("ExecStart=", StringComparison.Ordinal)).Split(' ');

        Assert.Equal(2, reload.Length);
        Assert.Equal($"ExecReload={started[0]["ExecStart=".Length..]} config check {started[^1]}", reload[0]);
        Assert.Contains("kill -HUP", reload[1], StringComparison.Ordinal);
    }

    private string Write(string model, string ask, string more = "")
    {
        var file = Path.Combine(_folder, "appsettings.json");
        File.WriteAllText(file, $$"""
            { "MobileVlm": { "Model": { "Path": "{{model}}" },
              "Mqtt": { "Broker": "embedded" },
              "Cameras": { "gate": { "Source": "pattern:", "Questions": {
                "first": { "Ask": "Is there a person?", "Answer": "YesNo" },
                "second": { "Ask": "{{ask}}", "Answer": "YesNo"{{more}} } } } } } }
            """);
        return file;
    }
}
