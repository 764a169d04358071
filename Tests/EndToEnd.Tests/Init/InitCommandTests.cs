using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Init;
using MobileVlm.Edge.EndToEnd.Tests.Watch;

namespace MobileVlm.Edge.EndToEnd.Tests.Init;

/// <summary><c>mobilevlm init</c>, called by scripts and answered by a user at a terminal.</summary>
public sealed class InitCommandTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-init-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task All_missing_options_are_listed_and_nothing_is_written()
    {
        var (code, output, errors) = await InitAsync();
        Assert.Equal((2, ""), (code, output));
        foreach (var option in (string[])["--broker URL", "--camera SOURCE", "--model DIR"])
        {
            Assert.Contains(option, errors, StringComparison.Ordinal);
        }

        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task Options_are_tested_and_written_so_that_only_the_owner_can_read_them()
    {
        await using var broker = await Mosquitto.StartAsync();
        var (code, _, errors) = await InitAsync(
            "--yes", "--broker", broker.Address.ToString(), "--camera", $"gate={DemoModel.Clip}", "--camera", "pattern:320x240@5",
            "--model", DemoModel.Folder.FolderPath, "--question", "Is the \"red\" gate open?", "--state-folder", "state", "--node", "edge-7");
        Assert.True(code == 0, errors);
        Assert.Contains("480x360", errors, StringComparison.Ordinal);
        Assert.Contains($"mobilevlm run --config {At("appsettings.json")}", errors, StringComparison.Ordinal);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(At("appsettings.json")));

        var doctor = await EdgeProcess.RunAsync("doctor", "--config", At("appsettings.json"));
        Assert.True(doctor.ExitCode == 0, doctor.Output + doctor.Errors);
        Assert.Contains("camera camera2", doctor.Output, StringComparison.Ordinal);
        Assert.Contains($"state folder           {At("state")}", doctor.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_existing_file_is_replaced_only_with_force_and_a_copy_is_kept()
    {
        File.WriteAllText(At("appsettings.json"), "mine");
        string[] options = ["--no-test", "--broker", "embedded", "--camera", "pattern:320x240@5", "--model", "/nowhere"];
        var refused = await InitAsync(options);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("--force", refused.Errors, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(At("appsettings.json")));

        Assert.Equal(0, (await InitAsync([.. options, "--force"])).ExitCode);
        Assert.Equal("mine", File.ReadAllText(At("appsettings.json.bak")));
        Assert.Contains("pattern:320x240@5", File.ReadAllText(At("appsettings.json")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1:8080", null)]
    [InlineData("0.0.0.0:8080", "state/http-tokens")]
    public async Task An_http_address_is_written_and_one_for_other_machines_has_a_token_file(string listen, string? tokens)
    {
        var (code, _, errors) = await InitAsync(
            "--no-test", "--broker", "embedded", "--camera", "pattern:320x240@5", "--model", "/nowhere", "--state-folder", "state", "--http", listen);
        Assert.True(code == 0, errors);

        var configuration = EdgeConfiguration.FromJson(
            File.ReadAllText(At("appsettings.json")), ConfigurationSources.OfThisProcess() with { CurrentFolder = _folder });
        var settings = configuration.ToHttpSettings();
        Assert.Equal(listen, settings?.Listen.ToString());
        Assert.Equal(tokens is null ? null : At(tokens), configuration.Options.Http!.TokenFile);
        Assert.Equal(tokens is not null, errors.Contains("need a token", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_http_address_for_other_machines_needs_a_folder_for_its_tokens()
    {
        var (code, _, errors) = await InitAsync(
            "--no-test", "--broker", "embedded", "--camera", "pattern:320x240@5", "--model", "/nowhere", "--http", "0.0.0.0:8080");
        Assert.Equal(2, code);
        Assert.Contains("--state-folder", errors, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData(1, "does not exist", "embedded", "nowhere.mp4")]
    [InlineData(1, "Connection refused", "mqtt://127.0.0.1:1", "pattern:320x240@5")]
    [InlineData(2, "Mqtt:Broker", "http://broker", "pattern:320x240@5")]
    [InlineData(2, "gst:", "embedded", "ftp://camera/stream")]
    public async Task A_test_that_fails_writes_nothing(int code, string message, string broker, string camera)
    {
        var result = await InitAsync("--yes", "--broker", broker, "--camera", camera, "--model", DemoModel.Folder.FolderPath);
        Assert.Equal(code, result.ExitCode);
        Assert.Contains(message, result.Errors, StringComparison.Ordinal);
        Assert.Contains("Nothing was written", result.Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task A_user_at_a_terminal_is_asked_and_gets_a_file_that_works_with_password_files_beside_it()
    {
        await using var broker = await Mosquitto.StartAsync(new MosquittoOptions { User = "edge", Password = "s3cret" });
        using var camera = await RtspTestServer.StartAsync(clip: DemoModel.Clip, login: "cam:cam pass");
        using var stream = await RtspTestServer.StartAsync();
        using var onvif = await OnvifTestCamera.StartAsync(stream.Port);
        await using var terminal = Terminal.Start(120, 60, new Dictionary<string, string>(), "init", "--output", At("my.json"));
        await AnswerAsync(terminal, "MQTT broker", $"127.0.0.1:{broker.Port}");
        await AnswerAsync(terminal, "User at the broker", "edge");
        await AnswerAsync(terminal, "Password (not shown)", "s3cret");
        await AnswerAsync(terminal, "Camera (", "/nowhere/clip.mp4");
        await AnswerAsync(terminal, "Its name in topics", "gate");
        await AnswerAsync(terminal, "Use it anyway?", "n");
        await AnswerAsync(terminal, "Camera (", camera.Url.Replace("://", "://cam@", StringComparison.Ordinal));
        await AnswerAsync(terminal, "Its name in topics", "gate");
        await AnswerAsync(terminal, "Password of 'cam' at the camera (not shown)", "cam pass");
        await AnswerAsync(terminal, "Another camera?", "y");
        await AnswerAsync(terminal, "Camera (", onvif.Source(user: ""));
        await AnswerAsync(terminal, "Its name in topics", "yard");
        await AnswerAsync(terminal, "User at the camera", "");
        await AnswerAsync(terminal, "Password of 'admin' at the camera (not shown)", OnvifTestCamera.Password);
        await AnswerAsync(terminal, "Another camera?", "");
        await AnswerAsync(terminal, "Folder of an imported model", DemoModel.Folder.FolderPath);
        await AnswerAsync(terminal, "What to ask", "");
        await AnswerAsync(terminal, "Folder in which states survive", At("state"));
        var screen = string.Join('\n', await terminal.ShowsAsync("exit code 0"));
        Assert.Contains("480x360", screen, StringComparison.Ordinal);
        Assert.Contains("mobilevlm run --config", screen, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", screen, StringComparison.Ordinal);
        Assert.DoesNotContain("cam pass", screen, StringComparison.Ordinal);

        Assert.Equal(["mqtt-password", "my.json", "yard-password"], Directory.GetFiles(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal("s3cret\n", File.ReadAllText(At("mqtt-password")));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(At("mqtt-password")));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(At("yard-password")));
        Assert.DoesNotContain(OnvifTestCamera.Password, screen + File.ReadAllText(At("my.json")), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", File.ReadAllText(At("my.json")), StringComparison.Ordinal);
        var doctor = await EdgeProcess.RunAsync("doctor", "--config", At("my.json"));
        Assert.True(doctor.ExitCode == 0, doctor.Output + doctor.Errors);
    }

    [Fact]
    public async Task Stopping_before_the_end_leaves_no_files()
    {
        await using var broker = await Mosquitto.StartAsync(new MosquittoOptions { User = "edge", Password = "s3cret" });
        await using var terminal = Terminal.Start(
            120, 40, new Dictionary<string, string>(), "init", "--output", At("my.json"), "--broker", $"mqtt://edge:s3cret@127.0.0.1:{broker.Port}");
        await terminal.ShowsAsync("Camera (");
        Assert.Single(Directory.GetFiles(_folder));
        terminal.Interrupt();
        await terminal.ShowsAsync("Nothing was written");
        await terminal.ShowsAsync("exit code 1");
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("Is there a person?", "person")]
    [InlineData("Is the gate open?", "is_the_gate_open")]
    [InlineData("Beschreibe die Szene: was fällt auf, und warum?", "beschreibe_die_szene_was_f_llt_a")]
    [InlineData("何が見えますか", "question")]
    public void The_name_of_a_question_is_made_of_its_words(string question, string name) => Assert.Equal(name, InitFile.NameOf(question));

    private static async Task AnswerAsync(Terminal terminal, string question, string answer)
    {
        // The question must be the last text on the screen, not an earlier one with the same words.
        await terminal.UntilAsync(
            screen => string.Concat(screen.TakeLast(2)) is var end && end.Contains(question, StringComparison.Ordinal) && end.TrimEnd()[^1] is ':',
            $"'{question}' as its last line");
        terminal.Type(answer);
    }

    private string At(string name) => Path.Combine(_folder, name);

    private async Task<(int ExitCode, string Output, string Errors)> InitAsync(params string[] options)
    {
        await using var init = EdgeProcess.Start(new Dictionary<string, string>(), _folder, ["init", .. options]);
        return (await init.ExitAsync(), init.Output, init.Errors);
    }
}
