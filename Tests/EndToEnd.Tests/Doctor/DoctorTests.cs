using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Doctor;
using MobileVlm.Edge.Deploy.Hosting;

namespace MobileVlm.Edge.EndToEnd.Tests.Doctor;

/// <summary>The output of <c>mobilevlm doctor</c>, its order, and the exit codes.</summary>
public sealed class DoctorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-doctor-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Findings_are_printed_as_they_are_found_and_the_verdict_is_last()
    {
        // A camera that accepts the connection and sends nothing, until the test closes it.
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var config = Write(it =>
        {
            it["Cameras"]!["gate"]!["Source"] = $"rtsp://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/live";
            it["Cameras"]!["gate"]!["OpenTimeout"] = "00:01:00";
        });
        await using var doctor = EdgeProcess.Start("doctor", "--config", config);
        using (var camera = await silent.AcceptSocketAsync().WaitAsync(TimeSpan.FromSeconds(60)))
        {
            await doctor.PrintsAsync("ok   model ");
            Assert.False(doctor.HasExited);
            Assert.DoesNotContain("Verdict", doctor.Output, StringComparison.Ordinal);
        }

        silent.Stop();
        Assert.Equal(1, await doctor.ExitAsync());
        Assert.Matches(@"^Verdict: \d problems?: .*camera gate", doctor.Output.TrimEnd().Split('\n')[^1]);
        foreach (var part in (string[])["memory for the model", "state folder", "disk ", "clock "])
        {
            Assert.Contains(part, doctor.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_state_folder_that_cannot_be_written_is_found_by_doctor_and_reported_by_run_with_the_key_that_was_written()
    {
        File.WriteAllText(At("file"), "");
        var config = Write(it => it["StateFolder"] = At("file/state"));
        var doctor = await EdgeProcess.RunAsync("doctor", "--config", config);
        Assert.Equal(1, doctor.ExitCode);
        Assert.Matches($"bad +state folder +StateFolder '{At("file/state")}' cannot be used: '{At("file")}' is not a folder", doctor.Output);
        Assert.Matches("Verdict: 1 problem: state folder", doctor.Output);

        await using var run = EdgeProcess.Start("run", "--config", config);
        await run.LogsAsync("watches 1 camera");
        Assert.Contains($"Storage[1] MobileVlm:StateFolder: '{At("file/state")}' cannot be used", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Outbox:Path", run.Errors, StringComparison.Ordinal);
        run.Terminate();
        Assert.Equal(0, await run.ExitAsync());
    }

    [Fact]
    public async Task An_outbox_that_cannot_be_written_is_named_by_its_own_key_only_when_it_was_written()
    {
        File.WriteAllText(At("file"), "");
        await using var run = EdgeProcess.Start("run", "--config", Write(it => it["Outbox"] = new JsonObject { ["Path"] = At("file/outbox.db") }));
        await run.LogsAsync("watches 1 camera");
        Assert.Contains($"Storage[1] MobileVlm:Outbox:Path: '{At("file/outbox.db")}' cannot be used", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("MobileVlm:StateFolder: '", run.Errors, StringComparison.Ordinal);
        run.Terminate();
        Assert.Equal(0, await run.ExitAsync());
    }

    [Fact]
    public async Task Json_is_one_document_and_a_wrong_configuration_is_exit_code_2()
    {
        var wrong = await EdgeProcess.RunAsync("doctor", "--json", "--config", Write(it => it["Nod"] = "edge-1"));
        Assert.Equal(2, wrong.ExitCode);
        using var document = JsonDocument.Parse(wrong.Output);
        var finding = document.RootElement.GetProperty("findings").EnumerateArray().Single(it => it.GetProperty("kind").GetString() == "bad");
        Assert.Equal("configuration", finding.GetProperty("what").GetString());
        Assert.Contains("did you mean 'Node'", finding.GetProperty("found").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, document.RootElement.GetProperty("problems").GetInt32());

        var page = finding.GetProperty("remedy").GetString()!.Split(": ")[^1];
        Assert.True(File.Exists(page), page);
    }

    [Fact]
    public async Task Without_a_configuration_the_machine_alone_is_checked()
    {
        await using var doctor = EdgeProcess.Start(new Dictionary<string, string>(), _folder, ["doctor"]);
        Assert.Equal(0, await doctor.ExitAsync());
        Assert.Matches("Verdict: OK, .*configuration", doctor.Output);
        Assert.Contains("mobilevlm init", doctor.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_verdict_counts_and_names_problems_and_notes()
    {
        var (fine, note, bad) = (Finding.Fine("a", ""), Finding.Note("b", "", ""), Finding.Bad("c", "", null));
        Assert.Equal("OK", DoctorReport.Verdict([fine]));
        Assert.Equal("OK, 1 note: b", DoctorReport.Verdict([fine, note]));
        Assert.Equal("1 problem: c", DoctorReport.Verdict([bad]));
        Assert.Equal("2 problems: c, d; 1 note: b", DoctorReport.Verdict([bad, note, bad with { What = "d" }]));
    }

    [Fact]
    public void A_clock_that_was_never_set_is_bad_and_one_that_is_not_synchronized_is_noted()
    {
        var now = new DateTimeOffset(2026, 11, 29, 12, 0, 0, TimeSpan.Zero);
        Assert.Equal(FindingKind.Fine, SystemClock.Describe(now, TimeZoneInfo.Utc, synchronized: true).Kind);
        Assert.Equal(FindingKind.Fine, SystemClock.Describe(now, TimeZoneInfo.Utc, synchronized: null).Kind);
        Assert.Equal(FindingKind.Note, SystemClock.Describe(now, TimeZoneInfo.Utc, synchronized: false).Kind);
        Assert.Equal(FindingKind.Bad, SystemClock.Describe(DateTimeOffset.UnixEpoch, TimeZoneInfo.Utc, synchronized: true).Kind);
    }

    [Fact]
    public void A_model_that_is_larger_than_the_machine_is_not_opened()
    {
        var memory = new MachineMemory(4_000_000_000, 1_000_000_000);
        Assert.Null(memory.CheckSize(900_000_000));
        Assert.Equal(FindingKind.Note, memory.CheckSize(2_000_000_000)!.Kind);
        Assert.Equal(FindingKind.Bad, memory.CheckSize(5_000_000_000)!.Kind);
        Assert.Equal(FindingKind.Note, memory.CheckModel(3_900_000_000).Kind);
        Assert.Equal(FindingKind.Fine, memory.CheckModel(1_900_000_000).Kind);
        Assert.True(MachineMemory.Read() is { Available: > 0 } now && now.Available <= now.Total);
    }

    [Fact]
    public void Only_existing_pages_are_named()
    {
        Assert.Equal(RepositoryPage("configuration.md"), DocumentationPages.Find("configuration.md"));
        Assert.Null(DocumentationPages.Find("no-such-page.md"));
        Assert.Null(DocumentationPages.Find("configuration.md", "/usr/lib/mobilevlm/", At("doc")));
        Directory.CreateDirectory(At("doc"));
        File.WriteAllText(At("doc/configuration.md"), "");
        Assert.Equal(At("doc/configuration.md"), DocumentationPages.Find("configuration.md", "/usr/lib/mobilevlm/", At("doc")));

        static string RepositoryPage(string page) => Path.Combine(DemoModel.Repository, "Deploy", "docs", page);
    }

    private string At(string name) => Path.Combine(_folder, name);

    private string Write(Action<JsonNode> change)
    {
        var file = ServiceConfiguration.Write(_folder, "embedded", new Dictionary<string, string> { ["gate"] = "pattern:320x240@5" });
        var document = JsonNode.Parse(File.ReadAllText(file))!;
        document["MobileVlm"]!["Mqtt"]!["Port"] = 0;
        change(document["MobileVlm"]!);
        File.WriteAllText(file, document.ToJsonString());
        return file;
    }
}
